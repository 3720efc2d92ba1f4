"""Config: recorders, channels that keep what they are not told, who has to let it in, rules, tags."""

import json
import unittest

from support import accepted, client, new_account, refused, until

SERVICE = {"Service": "config.amazonaws.com"}


class Config(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.config = client("config", self.account)
        self.bucket = f"config-{self.account}"
        self.s3 = client("s3", self.account)
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        iam = client("iam", self.account)
        self.role = iam.create_service_linked_role(AWSServiceName=SERVICE["Service"])["Role"]["Arn"]

    def allow(self):
        allow = {"Effect": "Allow", "Principal": SERVICE, "Action": "s3:*", "Resource": f"arn:aws:s3:::{self.bucket}/*"}
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))

    def record(self, tags=(), **more):
        recorder = {"name": "default", "roleARN": self.role, **more}
        put = lambda: self.config.put_configuration_recorder(ConfigurationRecorder=recorder, Tags=list(tags))  # noqa: E731
        accepted("InvalidRoleException", lambda: put() or True)

    def shown(self):
        return self.config.describe_configuration_recorders()["ConfigurationRecorders"][0]

    def channel(self, **more):
        channel = {"name": "default", "s3BucketName": self.bucket, **more}
        self.config.put_delivery_channel(DeliveryChannel=channel)
        return self.config.describe_delivery_channels()["DeliveryChannels"][0]

    def test_a_role_has_to_be_there(self):
        with refused("InvalidRoleException"):
            recorder = {"name": "default", "roleARN": f"{self.role}-other"}
            self.config.put_configuration_recorder(ConfigurationRecorder=recorder)
        self.assertTrue(self.role.endswith("role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"))

    def test_a_recorder_keeps_its_arn_and_tags(self):
        self.record([{"Key": "a", "Value": "b"}])
        arn = self.shown()["arn"]
        self.assertIn(":configuration-recorder/default/", arn)
        self.record([{"Key": "a", "Value": "c"}], recordingMode={"recordingFrequency": "DAILY"})
        self.assertEqual((self.shown()["arn"], self.shown()["recordingMode"]), (arn, {"recordingFrequency": "DAILY"}))
        self.config.tag_resource(ResourceArn=arn, Tags=[{"Key": "d", "Value": "e"}])
        self.config.untag_resource(ResourceArn=arn, TagKeys=["a"])
        self.assertEqual(self.config.list_tags_for_resource(ResourceArn=arn)["Tags"], [{"Key": "d", "Value": "e"}])
        swept = client("resourcegroupstaggingapi", self.account)
        tagged = {"ResourceARN": arn, "Tags": [{"Key": "d", "Value": "e"}]}
        until(lambda: tagged in swept.get_resources()["ResourceTagMappingList"])
        with refused("MaxNumberOfConfigurationRecordersExceededException"):
            self.record(name="other")

    def test_a_channel_keeps_what_it_is_not_told(self):
        self.record()
        with refused("InsufficientDeliveryPolicyException"):
            self.channel()
        self.allow()
        self.channel(s3KeyPrefix="a", snsTopicARN="arn:aws:sns:eu-west-3:1:a")
        self.assertEqual(self.channel()["s3KeyPrefix"], "a")
        self.config.start_configuration_recorder(ConfigurationRecorderName="default")
        with refused("LastDeliveryChannelDeleteFailedException"):
            self.config.delete_delivery_channel(DeliveryChannelName="default")
        self.config.stop_configuration_recorder(ConfigurationRecorderName="default")
        self.config.delete_delivery_channel(DeliveryChannelName="default")
        self.assertNotIn("s3KeyPrefix", self.channel())

    def test_rules_need_a_recorder_and_show_their_scope(self):
        rule = {
            "ConfigRuleName": "rule",
            "Source": {"Owner": "AWS", "SourceIdentifier": "ENCRYPTED_VOLUMES"},
            "Scope": {"TagKey": "a", "TagValue": "b"},
        }
        with refused("NoAvailableConfigurationRecorderException"):
            self.config.put_config_rule(ConfigRule=rule)
        self.record()
        self.config.put_config_rule(ConfigRule=rule)
        found = self.config.describe_config_rules()["ConfigRules"][0]
        self.assertEqual(found["Scope"], rule["Scope"])


if __name__ == "__main__":
    unittest.main()
