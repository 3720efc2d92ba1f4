"""The services that moto does not have: AppStream 2.0 and Data Lifecycle Manager."""

import os
import unittest
import urllib.request

from support import client, new_account, refused, until


class AppStream(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.appstream = client("appstream", self.account)

    def fleet(self, name="fleet", **more):
        return self.appstream.create_fleet(
            Name=name,
            ImageName="image",
            InstanceType="stream.standard.medium",
            ComputeCapacity={"DesiredInstances": 2},
            **more,
        )["Fleet"]

    def state(self, name="fleet"):
        return self.appstream.describe_fleets(Names=[name])["Fleets"][0]["State"]

    def test_a_fleet_starts_and_stops(self):
        self.assertEqual(self.fleet()["State"], "STOPPED")
        self.appstream.start_fleet(Name="fleet")
        until(lambda: self.state() == "RUNNING")
        capacity = self.appstream.describe_fleets(Names=["fleet"])["Fleets"][0]["ComputeCapacityStatus"]
        self.assertEqual((capacity["Desired"], capacity["Running"]), (2, 2))
        with refused("OperationNotPermittedException"):
            self.appstream.start_fleet(Name="fleet")
        with refused("ResourceInUseException"):
            self.appstream.delete_fleet(Name="fleet")
        with refused("ResourceInUseException"):
            self.appstream.update_fleet(Name="fleet", InstanceType="stream.standard.large")
        self.appstream.stop_fleet(Name="fleet")
        until(lambda: self.state() == "STOPPED")
        self.appstream.update_fleet(Name="fleet", InstanceType="stream.standard.large")
        self.appstream.delete_fleet(Name="fleet")
        with refused("ResourceNotFoundException"):
            self.state()

    def test_a_fleet_that_serves_a_stack(self):
        self.fleet()
        self.appstream.create_stack(Name="stack")
        with refused("ResourceNotFoundException"):
            self.appstream.associate_fleet(FleetName="fleet", StackName="other")
        self.appstream.associate_fleet(FleetName="fleet", StackName="stack")
        self.assertEqual(self.appstream.list_associated_fleets(StackName="stack")["Names"], ["fleet"])
        self.assertEqual(self.appstream.list_associated_stacks(FleetName="fleet")["Names"], ["stack"])
        for call, name in ((self.appstream.delete_fleet, "fleet"), (self.appstream.delete_stack, "stack")):
            with refused("ResourceInUseException"):
                call(Name=name)
        self.appstream.disassociate_fleet(FleetName="fleet", StackName="stack")
        self.appstream.delete_stack(Name="stack")
        self.appstream.delete_fleet(Name="fleet")

    def test_a_name_is_taken_once_in_its_account(self):
        self.fleet()
        with refused("ResourceAlreadyExistsException"):
            self.fleet()
        other = client("appstream")
        self.assertEqual(other.describe_fleets()["Fleets"], [])

    def test_a_stack_is_changed(self):
        self.appstream.create_stack(Name="stack", DisplayName="a", RedirectURL="https://example.com")
        self.appstream.update_stack(Name="stack", DisplayName="b", AttributesToDelete=["REDIRECT_URL"])
        found = self.appstream.describe_stacks(Names=["stack"])["Stacks"][0]
        self.assertEqual((found["DisplayName"], found.get("RedirectURL")), ("b", None))

    def test_an_image_builder(self):
        def state():
            found = self.appstream.describe_image_builders()["ImageBuilders"]
            return found[0]["State"] if found else None

        self.appstream.create_image_builder(Name="builder", ImageName="image", InstanceType="stream.standard.medium")
        until(lambda: state() == "RUNNING")
        self.appstream.stop_image_builder(Name="builder")
        until(lambda: state() == "STOPPED")
        self.appstream.start_image_builder(Name="builder")
        until(lambda: state() == "RUNNING")
        self.appstream.delete_image_builder(Name="builder")
        until(lambda: state() is None)

    def test_tags(self):
        arn = self.fleet(Tags={"a": "b"})["Arn"]
        self.appstream.tag_resource(ResourceArn=arn, Tags={"c": "d"})
        self.appstream.untag_resource(ResourceArn=arn, TagKeys=["a"])
        self.assertEqual(self.appstream.list_tags_for_resource(ResourceArn=arn)["Tags"], {"c": "d"})
        tagging = client("resourcegroupstaggingapi", self.account)

        def tagged():
            rows = tagging.get_resources(TagFilters=[{"Key": "c"}])["ResourceTagMappingList"]
            return [row["ResourceARN"] for row in rows] == [arn]

        until(tagged)
        with refused("ResourceNotFoundException"):
            self.appstream.list_tags_for_resource(ResourceArn=arn + "-other")

    def test_json_works_as_cbor_does(self):
        scope = f"{self.account}/20300101/eu-west-3/appstream/aws4_request"
        request = urllib.request.Request(
            os.environ["LOCAL_AWS"],
            data=b'{"Name": "stack"}',
            headers={
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "PhotonAdminProxyService.CreateStack",
                "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}",
            },
        )
        self.assertIn(b'"Name": "stack"', urllib.request.urlopen(request).read())
        self.assertEqual([each["Name"] for each in self.appstream.describe_stacks()["Stacks"]], ["stack"])


class LifecycleManager(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.dlm = client("dlm", self.account)
        rule = {"Interval": 24, "IntervalUnit": "HOURS"}
        schedule = {"Name": "daily", "CreateRule": rule, "RetainRule": {"Count": 7}}
        self.details = {
            "ResourceTypes": ["VOLUME"],
            "TargetTags": [{"Key": "snapshot", "Value": "yes"}],
            "Schedules": [schedule],
        }

    def make(self, **more):
        values = {"Description": "d", "State": "ENABLED", "PolicyDetails": self.details, **more}
        role = f"arn:aws:iam::{self.account}:role/dlm"
        return self.dlm.create_lifecycle_policy(ExecutionRoleArn=role, **values)["PolicyId"]

    def test_the_life_of_a_policy(self):
        policy = self.make(Tags={"a": "b"})
        found = self.dlm.get_lifecycle_policy(PolicyId=policy)["Policy"]
        self.assertEqual((found["State"], found["Tags"]), ("ENABLED", {"a": "b"}))
        self.assertEqual(found["PolicyDetails"]["Schedules"], self.details["Schedules"])
        self.assertEqual(found["PolicyDetails"]["PolicyType"], "EBS_SNAPSHOT_MANAGEMENT")
        self.dlm.update_lifecycle_policy(PolicyId=policy, State="DISABLED")
        rows = self.dlm.get_lifecycle_policies(State="DISABLED")["Policies"]
        self.assertEqual([row["PolicyId"] for row in rows], [policy])
        self.assertEqual(self.dlm.get_lifecycle_policies(TargetTags=["snapshot=no"])["Policies"], [])
        self.dlm.delete_lifecycle_policy(PolicyId=policy)
        for call in (self.dlm.get_lifecycle_policy, self.dlm.delete_lifecycle_policy, self.dlm.update_lifecycle_policy):
            with refused("ResourceNotFoundException"):
                call(PolicyId=policy)

    def test_a_policy_needs_schedules(self):
        with refused("InvalidRequestException"):
            self.make(PolicyDetails={"ResourceTypes": ["VOLUME"]})

    def test_tags(self):
        arn = self.dlm.get_lifecycle_policy(PolicyId=self.make())["Policy"]["PolicyArn"]
        self.dlm.tag_resource(ResourceArn=arn, Tags={"a": "b", "c": "d"})
        self.dlm.untag_resource(ResourceArn=arn, TagKeys=["a"])
        self.assertEqual(self.dlm.list_tags_for_resource(ResourceArn=arn)["Tags"], {"c": "d"})
        tagging = client("resourcegroupstaggingapi", self.account)

        def tagged():
            return [row["ResourceARN"] for row in tagging.get_resources()["ResourceTagMappingList"]] == [arn]

        until(tagged)


if __name__ == "__main__":
    unittest.main()
