"""EventBridge Scheduler: groups, and the schedules that end with them."""

import unittest

from support import client, new_account, refused, until

TARGET = {"Arn": "arn:aws:sqs:eu-west-3:123456789012:q", "RoleArn": "arn:aws:iam::123456789012:role/r"}
GROUP = {"Name": "nightly", "Tags": [{"Key": "a", "Value": "b"}]}


class Scheduler(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.scheduler = client("scheduler", self.account)
        self.arn = self.scheduler.create_schedule_group(**GROUP)["ScheduleGroupArn"]

    def write(self, call, **more):
        window = {"Mode": "OFF"}
        given = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": window, "Target": TARGET, **more}
        return call(Name="nightly", GroupName="nightly", **given)

    def find(self):
        return self.scheduler.get_schedule(Name="nightly", GroupName="nightly")

    def test_a_name_is_taken_once(self):
        with refused("ConflictException"):
            self.scheduler.create_schedule_group(Name="nightly")
        self.write(self.scheduler.create_schedule)
        with refused("ConflictException"):
            self.write(self.scheduler.create_schedule)

    def test_a_repeated_request_is_answered_again(self):
        token = {"ClientToken": "t"}
        made = self.scheduler.create_schedule_group(Name="other", **token)
        self.assertEqual(made["ScheduleGroupArn"], self.scheduler.create_schedule_group(Name="other", **token)["ScheduleGroupArn"])

    def test_a_schedule_is_written_as_a_whole(self):
        self.write(self.scheduler.create_schedule, Description="d", ActionAfterCompletion="DELETE")
        self.assertEqual(self.find()["ActionAfterCompletion"], "DELETE")
        self.write(self.scheduler.update_schedule)
        found = self.find()
        self.assertEqual((found.get("Description"), found["ActionAfterCompletion"]), (None, "NONE"))

    def test_a_group_has_to_exist(self):
        with refused("ResourceNotFoundException"):
            window = {"Mode": "OFF"}
            self.scheduler.create_schedule(
                Name="a", GroupName="b", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=window, Target=TARGET
            )

    def test_a_group_takes_its_schedules_along(self):
        self.write(self.scheduler.create_schedule)
        self.scheduler.delete_schedule_group(Name="nightly")

        def gone():
            groups = self.scheduler.list_schedule_groups()["ScheduleGroups"]
            return [group["Name"] for group in groups] == ["default"]

        until(gone)
        with refused("ResourceNotFoundException"):
            self.find()
        with refused("ResourceNotFoundException"):
            self.scheduler.list_tags_for_resource(ResourceArn=self.arn)

    def test_tags(self):
        tagging = client("resourcegroupstaggingapi", self.account)

        def tagged():
            rows = tagging.get_resources(TagFilters=[{"Key": "a"}])["ResourceTagMappingList"]
            return [row["ResourceARN"] for row in rows] == [self.arn]

        until(tagged)
        self.scheduler.tag_resource(ResourceArn=self.arn, Tags=[{"Key": "c", "Value": "d"}])
        self.scheduler.untag_resource(ResourceArn=self.arn, TagKeys=["a"])
        tags = self.scheduler.list_tags_for_resource(ResourceArn=self.arn)["Tags"]
        self.assertEqual(tags, [{"Key": "c", "Value": "d"}])


if __name__ == "__main__":
    unittest.main()
