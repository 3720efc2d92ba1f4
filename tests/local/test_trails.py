"""CloudTrail: what a bucket has to allow, what is taken away, what is recorded, tags."""

import json
import unittest

from support import accepted, client, new_account, refused, until

SERVICE = {"Service": "cloudtrail.amazonaws.com"}
MANAGEMENT = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}


class Trails(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.trails = client("cloudtrail", self.account)
        self.bucket = f"trails-{self.account}"
        self.s3 = client("s3", self.account)
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        self.arn = f"arn:aws:cloudtrail:eu-west-3:{self.account}:trail/trail"

    def allow(self):
        actions = [("s3:GetBucketAcl", ""), ("s3:PutObject", "/*")]
        statements = [
            {"Effect": "Allow", "Principal": SERVICE, "Action": action, "Resource": f"arn:aws:s3:::{self.bucket}{rest}"}
            for action, rest in actions
        ]
        policy = {"Version": "2012-10-17", "Statement": statements}
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))

    def make(self, **more):
        self.allow()
        return self.trails.create_trail(Name="trail", S3BucketName=self.bucket, **more)

    def shown(self):
        return self.trails.describe_trails(includeShadowTrails=False)["trailList"][0]

    def test_the_bucket_has_to_let_it(self):
        with refused("InsufficientS3BucketPolicyException"):
            self.trails.create_trail(Name="trail", S3BucketName=self.bucket)
        self.assertEqual(self.trails.describe_trails()["trailList"], [])
        self.make()
        with refused("TrailAlreadyExistsException"):
            self.make()

    def test_what_is_empty_is_taken_away(self):
        topic = client("sns", self.account).create_topic(Name="topic")["TopicArn"]
        self.make(S3KeyPrefix="a", SnsTopicName=topic)
        self.assertEqual(self.shown()["SnsTopicARN"], topic)
        self.trails.update_trail(Name="trail", S3KeyPrefix="", SnsTopicName="")
        self.assertFalse({"S3KeyPrefix", "SnsTopicARN"} & set(self.shown()))

    def test_logs_need_a_group_and_a_role_that_trusts(self):
        client("logs", self.account).create_log_group(logGroupName="group")
        group = f"arn:aws:logs:eu-west-3:{self.account}:log-group:group"
        trust = {"Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = client("iam", self.account).create_role(RoleName="role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        with refused("InvalidCloudWatchLogsLogGroupArnException"):
            self.make(CloudWatchLogsLogGroupArn=group, CloudWatchLogsRoleArn=role)
        made = accepted(
            "InvalidCloudWatchLogsRoleArnException",
            lambda: self.make(CloudWatchLogsLogGroupArn=f"{group}:*", CloudWatchLogsRoleArn=role),
        )
        self.assertEqual(made["CloudWatchLogsLogGroupArn"], f"{group}:*")

    def test_selectors_have_defaults_and_replace_each_other(self):
        self.make()
        selectors = lambda: self.trails.get_event_selectors(TrailName="trail")  # noqa: E731
        self.assertEqual(selectors()["EventSelectors"], [MANAGEMENT])
        advanced = [{"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
        self.trails.put_event_selectors(TrailName="trail", AdvancedEventSelectors=advanced)
        self.assertEqual(selectors()["AdvancedEventSelectors"], advanced)
        self.assertTrue(self.shown()["HasCustomEventSelectors"])
        self.trails.put_event_selectors(TrailName="trail", EventSelectors=[{"ReadWriteType": "WriteOnly"}])
        self.assertEqual(selectors()["EventSelectors"], [{**MANAGEMENT, "ReadWriteType": "WriteOnly"}])
        self.assertNotIn("AdvancedEventSelectors", selectors())

    def test_insights_are_replaced(self):
        self.make()
        with refused("InsightNotEnabledException"):
            self.trails.get_insight_selectors(TrailName="trail")
        for kind in ("ApiCallRateInsight", "ApiErrorRateInsight"):
            self.trails.put_insight_selectors(TrailName="trail", InsightSelectors=[{"InsightType": kind}])
        found = self.trails.get_insight_selectors(TrailName="trail")["InsightSelectors"]
        self.assertEqual(found, [{"InsightType": "ApiErrorRateInsight"}])

    def test_tags_are_swept_and_end_with_their_trail(self):
        self.make(TagsList=[{"Key": "a", "Value": "b"}])
        swept = client("resourcegroupstaggingapi", self.account)
        tagged = {"ResourceARN": self.arn, "Tags": [{"Key": "a", "Value": "b"}]}
        until(lambda: tagged in swept.get_resources()["ResourceTagMappingList"])
        self.trails.remove_tags(ResourceId=self.arn, TagsList=[{"Key": "a"}])
        listed = self.trails.list_tags(ResourceIdList=[self.arn])["ResourceTagList"]
        self.assertEqual(listed[0]["TagsList"], [])
        self.trails.delete_trail(Name=self.arn)
        with refused("TrailNotFoundException"):
            self.trails.list_tags(ResourceIdList=[self.arn])


if __name__ == "__main__":
    unittest.main()
