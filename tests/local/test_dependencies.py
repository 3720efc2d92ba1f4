"""What cannot be deleted or made because of something else, service by service."""

import json
import unittest

from support import accepted, client, new_account, refused, until


def statement(**parts):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **parts}]})


def trust(principal):
    return statement(Principal=principal, Action="sts:AssumeRole")


class Iam(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.iam = client("iam", self.account)
        self.role = self.iam.create_role(
            RoleName="role", AssumeRolePolicyDocument=trust({"Service": "ecs-tasks.amazonaws.com"})
        )["Role"]
        document = statement(Action="s3:Get*", Resource="*")
        self.policy = self.iam.create_policy(PolicyName="policy", PolicyDocument=document)["Policy"]["Arn"]
        self.document = document

    def test_a_policy_that_is_attached(self):
        self.iam.attach_role_policy(RoleName="role", PolicyArn=self.policy)
        with refused("DeleteConflict"):
            self.iam.delete_policy(PolicyArn=self.policy)
        with refused("DeleteConflict"):
            self.iam.delete_role(RoleName="role")
        self.iam.detach_role_policy(RoleName="role", PolicyArn=self.policy)
        self.iam.delete_policy(PolicyArn=self.policy)
        self.iam.delete_role(RoleName="role")

    def test_a_policy_that_is_a_boundary(self):
        self.iam.put_role_permissions_boundary(RoleName="role", PermissionsBoundary=self.policy)
        with refused("DeleteConflict"):
            self.iam.delete_policy(PolicyArn=self.policy)
        self.iam.delete_role_permissions_boundary(RoleName="role")
        self.iam.delete_policy(PolicyArn=self.policy)

    def test_a_policy_with_versions(self):
        self.iam.create_policy_version(PolicyArn=self.policy, PolicyDocument=self.document, SetAsDefault=True)
        with refused("DeleteConflict"):
            self.iam.delete_policy(PolicyArn=self.policy)
        self.iam.delete_policy_version(PolicyArn=self.policy, VersionId="v1")
        self.iam.delete_policy(PolicyArn=self.policy)

    def test_a_role_with_an_inline_policy_or_a_profile(self):
        self.iam.put_role_policy(RoleName="role", PolicyName="inline", PolicyDocument=self.document)
        with refused("DeleteConflict"):
            self.iam.delete_role(RoleName="role")
        self.iam.delete_role_policy(RoleName="role", PolicyName="inline")
        self.iam.create_instance_profile(InstanceProfileName="profile")
        self.iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="role")
        with refused("DeleteConflict"):
            self.iam.delete_role(RoleName="role")
        with refused("DeleteConflict"):
            self.iam.delete_instance_profile(InstanceProfileName="profile")
        held = {"InstanceProfileName": "profile", "RoleName": "role"}
        self.iam.remove_role_from_instance_profile(**held)
        with refused("NoSuchEntity"):
            self.iam.remove_role_from_instance_profile(**held)

    def test_a_user_with_keys_a_password_or_groups(self):
        self.iam.create_user(UserName="user")
        self.iam.create_group(GroupName="group")
        self.iam.add_user_to_group(GroupName="group", UserName="user")
        for call in (self.iam.delete_user, self.iam.delete_group):
            with refused("DeleteConflict"):
                call(**{"UserName": "user"} if call == self.iam.delete_user else {"GroupName": "group"})
        self.iam.remove_user_from_group(GroupName="group", UserName="user")
        self.iam.delete_group(GroupName="group")
        key = self.iam.create_access_key(UserName="user")["AccessKey"]["AccessKeyId"]
        with refused("DeleteConflict"):
            self.iam.delete_user(UserName="user")
        self.iam.delete_access_key(UserName="user", AccessKeyId=key)
        self.iam.create_login_profile(UserName="user", Password="Long-enough-1")
        with refused("DeleteConflict"):
            self.iam.delete_user(UserName="user")
        self.iam.delete_login_profile(UserName="user")
        self.iam.delete_user(UserName="user")

    def test_a_principal_that_does_not_exist(self):
        unknown = trust({"AWS": self.role["Arn"] + "-other"})
        with refused("MalformedPolicyDocument"):
            self.iam.create_role(RoleName="other", AssumeRolePolicyDocument=unknown)
        with refused("MalformedPolicyDocument"):
            self.iam.update_assume_role_policy(RoleName="role", PolicyDocument=unknown)
        document = trust({"AWS": self.role["Arn"]})
        accepted(
            "MalformedPolicyDocument",
            lambda: self.iam.create_role(RoleName="other", AssumeRolePolicyDocument=document),
        )


class Kms(unittest.TestCase):
    def setUp(self):
        self.kms = client("kms")
        self.key = self.kms.create_key()["KeyMetadata"]["KeyId"]

    def test_a_disabled_key(self):
        secret = self.kms.encrypt(KeyId=self.key, Plaintext=b"x")["CiphertextBlob"]
        self.kms.disable_key(KeyId=self.key)
        with refused("DisabledException"):
            self.kms.encrypt(KeyId=self.key, Plaintext=b"x")
        with refused("DisabledException"):
            self.kms.decrypt(CiphertextBlob=secret)
        self.kms.tag_resource(KeyId=self.key, Tags=[{"TagKey": "a", "TagValue": "b"}])

    def test_a_key_that_waits_for_its_deletion(self):
        secret = self.kms.encrypt(KeyId=self.key, Plaintext=b"x")["CiphertextBlob"]
        self.kms.create_alias(AliasName="alias/a", TargetKeyId=self.key)
        self.kms.schedule_key_deletion(KeyId=self.key, PendingWindowInDays=7)
        for call, more in (
            (self.kms.encrypt, {"Plaintext": b"x"}),
            (self.kms.generate_data_key, {"KeySpec": "AES_256"}),
            (self.kms.create_grant, {"GranteePrincipal": "arn:aws:iam::1:root", "Operations": ["Decrypt"]}),
            (self.kms.tag_resource, {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
            (self.kms.enable_key_rotation, {}),
            (self.kms.schedule_key_deletion, {}),
        ):
            with refused("KMSInvalidStateException"):
                call(KeyId=self.key, **more)
        with refused("KMSInvalidStateException"):
            self.kms.encrypt(KeyId="alias/a", Plaintext=b"x")
        with refused("KMSInvalidStateException"):
            self.kms.create_alias(AliasName="alias/b", TargetKeyId=self.key)
        with refused("KMSInvalidStateException"):
            self.kms.decrypt(CiphertextBlob=secret)
        self.kms.delete_alias(AliasName="alias/a")
        self.kms.cancel_key_deletion(KeyId=self.key)
        self.kms.enable_key(KeyId=self.key)
        self.kms.decrypt(CiphertextBlob=secret)


class Messages(unittest.TestCase):
    def test_a_topic_of_the_same_name(self):
        sns = client("sns")
        tags = [{"Key": "a", "Value": "b"}]
        arn = sns.create_topic(Name="t", Attributes={"DisplayName": "D"}, Tags=tags)["TopicArn"]
        self.assertEqual(sns.create_topic(Name="t", Attributes={"DisplayName": "D"}, Tags=tags)["TopicArn"], arn)
        self.assertEqual(sns.create_topic(Name="t")["TopicArn"], arn)
        with refused("InvalidParameter"):
            sns.create_topic(Name="t", Attributes={"DisplayName": "E"})
        with refused("InvalidParameter"):
            sns.create_topic(Name="t", Tags=[{"Key": "a", "Value": "c"}])

    def test_values_of_a_queue(self):
        sqs = client("sqs")
        with refused("InvalidAttributeValue"):
            sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "99999"})
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        with refused("InvalidAttributeValue"):
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "901"})

    def test_a_queue_that_was_deleted_a_moment_ago_comes_back(self):
        sqs = client("sqs")
        sqs.delete_queue(QueueUrl=sqs.create_queue(QueueName="q")["QueueUrl"])

        def made():
            try:
                return sqs.create_queue(QueueName="q")["QueueUrl"]
            except sqs.exceptions.QueueDeletedRecently:
                return None

        until(made)

    def test_schedules(self):
        scheduler = client("scheduler")
        target = {"Arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance", "RoleArn": "arn:aws:iam::1:role/r"}
        made = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
        with refused("ValidationException"):
            scheduler.create_schedule(Name="s", ScheduleExpression="cron(bad)", **made)
        for number, expression in enumerate(("at(2030-01-01T00:00:00)", "rate(1 hour)", "cron(0 6 * * ? *)")):
            scheduler.create_schedule(Name=f"s{number}", ScheduleExpression=expression, **made)


class Registry(unittest.TestCase):
    def test_a_repository_with_an_image(self):
        ecr = client("ecr")
        ecr.create_repository(repositoryName="repository")
        media = "application/vnd.docker.distribution.manifest.v2+json"
        image = "application/vnd.docker.container.image.v1+json"
        config = {"mediaType": image, "size": 1, "digest": "sha256:" + "a" * 64}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": media, "config": config, "layers": []})
        ecr.put_image(repositoryName="repository", imageManifest=manifest, imageTag="1")
        with refused("RepositoryNotEmptyException"):
            ecr.delete_repository(repositoryName="repository")
        ecr.batch_delete_image(repositoryName="repository", imageIds=[{"imageTag": "1"}])
        ecr.delete_repository(repositoryName="repository")

    def test_pull_through_cache_rules(self):
        ecr = client("ecr")
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="public", upstreamRegistryUrl="public.ecr.aws")
        with refused("PullThroughCacheRuleAlreadyExistsException"):
            ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="public", upstreamRegistryUrl="public.ecr.aws")
        ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="public")
        self.assertEqual(ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"], [])


class Secrets(unittest.TestCase):
    def test_a_secret_that_waits_for_its_deletion(self):
        secrets = client("secretsmanager")
        secrets.create_secret(Name="s", SecretString="x")
        secrets.delete_secret(SecretId="s", RecoveryWindowInDays=7)
        for call, more in (
            (secrets.create_secret, {"Name": "s", "SecretString": "x"}),
            (secrets.get_secret_value, {"SecretId": "s"}),
            (secrets.put_secret_value, {"SecretId": "s", "SecretString": "y"}),
            (secrets.update_secret, {"SecretId": "s", "Description": "y"}),
            (secrets.tag_resource, {"SecretId": "s", "Tags": [{"Key": "a", "Value": "b"}]}),
        ):
            with refused("InvalidRequestException"):
                call(**more)
        secrets.restore_secret(SecretId="s")
        secrets.get_secret_value(SecretId="s")


class Alarms(unittest.TestCase):
    def test_composite_alarms(self):
        cloudwatch = client("cloudwatch")
        cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(a)", Tags=[{"Key": "a", "Value": "b"}])
        found = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        self.assertEqual([(each["AlarmName"], each["AlarmRule"]) for each in found], [("c", "ALARM(a)")])
        cloudwatch.delete_alarms(AlarmNames=["c"])


    def test_streams_and_detectors(self):
        cloudwatch = client("cloudwatch")
        arn = "arn:aws:firehose:eu-west-3:1:deliverystream/s"
        stream = {"FirehoseArn": arn, "RoleArn": "arn:aws:iam::1:role/r", "OutputFormat": "json"}
        cloudwatch.put_metric_stream(Name="s", **stream)
        self.assertEqual(cloudwatch.get_metric_stream(Name="s")["FirehoseArn"], arn)
        cloudwatch.delete_metric_stream(Name="s")
        self.assertEqual(cloudwatch.list_metric_streams()["Entries"], [])
        metric = {"Namespace": "N", "MetricName": "M", "Stat": "Average"}
        cloudwatch.put_anomaly_detector(SingleMetricAnomalyDetector=metric)
        found = cloudwatch.describe_anomaly_detectors()["AnomalyDetectors"]
        self.assertEqual(found[0]["SingleMetricAnomalyDetector"]["MetricName"], "M")
        cloudwatch.delete_anomaly_detector(SingleMetricAnomalyDetector=metric)
        with refused("ResourceNotFoundException"):
            cloudwatch.delete_anomaly_detector(SingleMetricAnomalyDetector=metric)


class Logs(unittest.TestCase):
    def test_saved_queries(self):
        logs = client("logs")
        query = logs.put_query_definition(name="q", queryString="fields @timestamp")["queryDefinitionId"]
        logs.put_query_definition(queryDefinitionId=query, name="q", queryString="fields @message")
        found = logs.describe_query_definitions()["queryDefinitions"]
        self.assertEqual([each["queryString"] for each in found], ["fields @message"])
        self.assertTrue(logs.delete_query_definition(queryDefinitionId=query)["success"])


class Names(unittest.TestCase):
    """Route 53."""

    def setUp(self):
        self.dns = client("route53")
        self.zone = self.dns.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]

    def change(self, action, name="www.example.com", ttl=60):
        record = {"Name": name, "Type": "A", "TTL": ttl, "ResourceRecords": [{"Value": "192.0.2.1"}]}
        changes = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        self.dns.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=changes)

    def test_a_reference_is_used_once(self):
        with refused("HostedZoneAlreadyExists"):
            self.dns.create_hosted_zone(Name="example.com", CallerReference="1")

    def test_a_record_is_deleted_by_its_values(self):
        self.change("CREATE")
        with refused("InvalidChangeBatch"):
            self.change("DELETE", ttl=61)
        with refused("InvalidChangeBatch"):
            self.change("DELETE", name="other.example.com")
        with refused("HostedZoneNotEmpty"):
            self.dns.delete_hosted_zone(Id=self.zone)
        self.change("DELETE")
        self.dns.delete_hosted_zone(Id=self.zone)

    def test_the_order_of_records(self):
        for name in ("b.example.com", "*.a.example.com", "z.a.example.com"):
            self.change("CREATE", name=name)
        found = self.dns.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        names = ["\\052.a.example.com.", "z.a.example.com.", "b.example.com."]
        self.assertEqual([each["Name"] for each in found if each["Type"] == "A"], names)
        page = self.dns.list_resource_record_sets(
            HostedZoneId=self.zone, StartRecordName="z.a.example.com", StartRecordType="A", MaxItems="1"
        )
        self.assertEqual((page["ResourceRecordSets"][0]["Name"], page["NextRecordName"]), (names[1], names[2]))


if __name__ == "__main__":
    unittest.main()
