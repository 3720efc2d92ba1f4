"""CloudWatch dashboards: of the account as a whole, with tags of their own."""

import json
import unittest

from support import client, new_account, refused

BODY = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "Hello"}}]})


class Dashboards(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.here = client("cloudwatch", self.account)
        self.arn = f"arn:aws:cloudwatch::{self.account}:dashboard/board"

    def put(self, **more):
        return self.here.put_dashboard(DashboardName="board", DashboardBody=BODY, **more)

    def tags(self):
        found = self.here.list_tags_for_resource(ResourceARN=self.arn)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in found}

    def test_a_dashboard_is_seen_in_every_region(self):
        self.put()
        there = client("cloudwatch", self.account, "us-west-2")
        found = there.get_dashboard(DashboardName="board")
        self.assertEqual((found["DashboardArn"], json.loads(found["DashboardBody"])), (self.arn, json.loads(BODY)))
        there.delete_dashboards(DashboardNames=["board"])
        self.assertEqual(self.here.list_dashboards()["DashboardEntries"], [])

    def test_tags_count_when_it_is_made_and_end_with_it(self):
        self.put(Tags=[{"Key": "a", "Value": "b"}])
        self.put(Tags=[{"Key": "a", "Value": "c"}])
        self.assertEqual(self.tags(), {"a": "b"})
        self.here.tag_resource(ResourceARN=self.arn, Tags=[{"Key": "d", "Value": "e"}])
        self.here.untag_resource(ResourceARN=self.arn, TagKeys=["a"])
        self.assertEqual(self.tags(), {"d": "e"})
        self.here.delete_dashboards(DashboardNames=["board"])
        with refused("ResourceNotFoundException"):
            self.tags()
        self.put()
        self.assertEqual(self.tags(), {})

    def test_a_body_needs_widgets(self):
        with refused("InvalidParameterInput"):
            self.here.put_dashboard(DashboardName="board", DashboardBody="{}")


if __name__ == "__main__":
    unittest.main()
