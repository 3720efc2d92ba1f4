"""GuardDuty: one detector, its features, its tags."""

import unittest

from support import client, new_account, refused, until

USUAL = {"S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS"}


class GuardDuty(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.guard = client("guardduty", self.account)

    def make(self, **more):
        return self.guard.create_detector(Enable=True, **more)["DetectorId"]

    def on(self, detector):
        features = self.guard.get_detector(DetectorId=detector)["Features"]
        return {each["Name"] for each in features if each["Status"] == "ENABLED"} - {"CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"}

    def test_there_is_one(self):
        detector = self.make()
        with refused("BadRequestException"):
            self.make()
        client("guardduty", self.account, "us-east-1").create_detector(Enable=True)
        self.guard.delete_detector(DetectorId=detector)
        for gone in (self.guard.get_detector, self.guard.delete_detector):
            with refused("BadRequestException"):
                gone(DetectorId=detector)
        self.assertEqual(self.guard.list_detectors()["DetectorIds"], [])

    def test_what_is_not_named_stays(self):
        detector = self.make(Features=[{"Name": "EKS_AUDIT_LOGS", "Status": "DISABLED"}])
        self.assertEqual(self.on(detector), USUAL - {"EKS_AUDIT_LOGS"})
        agents = [{"Name": "EC2_AGENT_MANAGEMENT", "Status": "ENABLED"}]
        runtime = {"Name": "RUNTIME_MONITORING", "Status": "ENABLED", "AdditionalConfiguration": agents}
        self.guard.update_detector(DetectorId=detector, Features=[runtime])
        self.assertEqual(self.on(detector), USUAL - {"EKS_AUDIT_LOGS"} | {"RUNTIME_MONITORING"})
        self.guard.update_detector(DetectorId=detector, FindingPublishingFrequency="ONE_HOUR")
        found = self.guard.get_detector(DetectorId=detector)
        self.assertEqual((found["Status"], found["FindingPublishingFrequency"]), ("ENABLED", "ONE_HOUR"))
        shown = next(each for each in found["Features"] if each["Name"] == "RUNTIME_MONITORING")
        self.assertIn({"Name": "EC2_AGENT_MANAGEMENT", "Status": "ENABLED"}, shown["AdditionalConfiguration"])

    def test_tags_are_swept(self):
        detector = self.make(Tags={"a": "b"})
        arn = f"arn:aws:guardduty:eu-west-3:{self.account}:detector/{detector}"
        self.guard.tag_resource(ResourceArn=arn, Tags={"c": "d"})
        self.guard.untag_resource(ResourceArn=arn, TagKeys=["a"])
        self.assertEqual(self.guard.get_detector(DetectorId=detector)["Tags"], {"c": "d"})
        swept = client("resourcegroupstaggingapi", self.account)
        tagged = {"ResourceARN": arn, "Tags": [{"Key": "c", "Value": "d"}]}
        until(lambda: tagged in swept.get_resources()["ResourceTagMappingList"])


if __name__ == "__main__":
    unittest.main()
