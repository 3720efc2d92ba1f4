"""WAF: names, locks, what a web ACL is in front of, what is taken away, tags."""

import unittest

from support import client, new_account, refused, until

SEEN = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "acl"}
RATE = {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}}
RULE = {"Name": "rate", "Priority": 0, "Statement": RATE, "Action": {"Block": {}}, "VisibilityConfig": SEEN}


class Waf(unittest.TestCase):
    scope, region = "REGIONAL", "eu-west-3"

    def setUp(self):
        self.account = new_account()
        self.waf = client("wafv2", self.account, self.region)

    def make(self, name="acl", **more):
        asked = {"DefaultAction": {"Allow": {}}, "VisibilityConfig": SEEN, **more}
        return self.waf.create_web_acl(Name=name, Scope=self.scope, **asked)["Summary"]

    def get(self, acl):
        return self.waf.get_web_acl(Name=acl["Name"], Id=acl["Id"], Scope=self.scope)

    def update(self, acl, token, **more):
        asked = {"DefaultAction": {"Block": {}}, "VisibilityConfig": SEEN, "LockToken": token, **more}
        return self.waf.update_web_acl(Name=acl["Name"], Id=acl["Id"], Scope=self.scope, **asked)

    def test_a_name_is_taken_and_a_token_used_once(self):
        acl = self.make()
        with refused("WAFDuplicateItemException"):
            self.make()
        token = self.get(acl)["LockToken"]
        self.update(acl, token)
        with refused("WAFOptimisticLockException"):
            self.update(acl, token)

    def test_what_is_left_out_goes(self):
        acl = self.make(Description="a", Rules=[RULE])
        found = self.get(acl)
        window = found["WebACL"]["Rules"][0]["Statement"]["RateBasedStatement"]["EvaluationWindowSec"]
        self.assertEqual((window, found["WebACL"]["Description"]), (300, "a"))
        self.update(acl, found["LockToken"])
        after = self.get(acl)["WebACL"]
        self.assertEqual((after["Rules"], after["Description"]), ([], ""))

    def test_rules_have_names_places_and_actions_of_their_own(self):
        with refused("WAFInvalidParameterException"):
            self.make(Rules=[RULE, {**RULE, "Name": "other"}])
        with refused("WAFInvalidParameterException"):
            self.make(Rules=[{key: value for key, value in RULE.items() if key != "Action"}])

    def test_tags_are_swept_and_end_with_it(self):
        acl = self.make(Tags=[{"Key": "a", "Value": "b"}])
        swept = client("resourcegroupstaggingapi", self.account, self.region)
        tagged = {"ResourceARN": acl["ARN"], "Tags": [{"Key": "a", "Value": "b"}]}
        until(lambda: tagged in swept.get_resources()["ResourceTagMappingList"])
        self.waf.delete_web_acl(Name="acl", Id=acl["Id"], Scope=self.scope, LockToken=self.get(acl)["LockToken"])
        with refused("WAFNonexistentItemException"):
            self.waf.list_tags_for_resource(ResourceARN=acl["ARN"])

    def test_logs_go_where_names_say_so(self):
        acl = self.make()
        group = f"arn:aws:logs:{self.region}:{self.account}:log-group"
        with refused("WAFNonexistentItemException"):
            self.waf.get_logging_configuration(ResourceArn=acl["ARN"])
        for wrong in ("other", "aws-waf-logs-a:*"):
            with refused("WAFInvalidParameterException"):
                logs = {"ResourceArn": acl["ARN"], "LogDestinationConfigs": [f"{group}:{wrong}"]}
                self.waf.put_logging_configuration(LoggingConfiguration=logs)
        logs = {"ResourceArn": acl["ARN"], "LogDestinationConfigs": [f"{group}:aws-waf-logs-a"]}
        self.waf.put_logging_configuration(LoggingConfiguration=logs)
        self.waf.delete_logging_configuration(ResourceArn=acl["ARN"])


class OfCloudFront(Waf):
    scope, region = "CLOUDFRONT", "us-east-1"


class InFront(unittest.TestCase):
    def test_a_load_balancer_has_one(self):
        account = new_account()
        waf, elb, ec2 = (client(name, account) for name in ("wafv2", "elbv2", "ec2"))
        subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]
        made = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        asked = {"DefaultAction": {"Allow": {}}, "VisibilityConfig": SEEN, "Scope": "REGIONAL"}
        acls = [waf.create_web_acl(Name=name, **asked)["Summary"] for name in ("one", "two")]
        front = lambda acl: waf.list_resources_for_web_acl(WebACLArn=acl["ARN"])["ResourceArns"]  # noqa: E731
        with refused("WAFNonexistentItemException"):
            waf.associate_web_acl(WebACLArn=acls[0]["ARN"], ResourceArn=made + "0")
        for acl in acls:
            waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=made)
        self.assertEqual((front(acls[0]), front(acls[1])), ([], [made]))
        with refused("WAFAssociatedItemException"):
            waf.delete_web_acl(Name="two", Id=acls[1]["Id"], Scope="REGIONAL", LockToken=acls[1]["LockToken"])
        waf.disassociate_web_acl(ResourceArn=made)
        waf.delete_web_acl(Name="two", Id=acls[1]["Id"], Scope="REGIONAL", LockToken=acls[1]["LockToken"])


if __name__ == "__main__":
    unittest.main()
