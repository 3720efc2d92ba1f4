"""Network ACLs and flow logs."""

import unittest

from support import client, new_account, refused


class Acls(unittest.TestCase):
    def setUp(self):
        account = new_account()
        self.ec2, self.s3 = client("ec2", account), client("s3", account)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.acl = self.ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]

    def test_one_by_its_id(self):
        wanted = [{"Name": "network-acl-id", "Values": [self.acl]}]
        shown = self.ec2.describe_network_acls(Filters=wanted)["NetworkAcls"]
        self.assertEqual([acl["NetworkAclId"] for acl in shown], [self.acl])

    def entries(self):
        return self.ec2.describe_network_acls(NetworkAclIds=[self.acl])["NetworkAcls"][0]["Entries"]

    def test_a_new_one_blocks_at_last(self):
        shown = sorted((entry["Egress"], entry["RuleNumber"], entry["RuleAction"]) for entry in self.entries())
        self.assertEqual(shown, [(False, 32767, "deny"), (True, 32767, "deny")])

    def test_entries_come_and_go(self):
        entry = {"NetworkAclId": self.acl, "Egress": False, "RuleNumber": 100}
        what = {"Protocol": "1", "RuleAction": "allow", "CidrBlock": "10.0.0.0/8", "IcmpTypeCode": {"Type": 8, "Code": -1}}
        self.ec2.create_network_acl_entry(**entry, **what)
        self.assertIn({"Type": 8, "Code": -1}, [each.get("IcmpTypeCode") for each in self.entries()])
        with refused("NetworkAclEntryAlreadyExists"):
            self.ec2.create_network_acl_entry(**entry, **what)
        with refused("InvalidParameterValue"):
            self.ec2.create_network_acl_entry(**{**entry, "RuleNumber": 32767}, **what)
        self.ec2.delete_network_acl_entry(**entry)
        with refused("InvalidNetworkAclEntry.NotFound"):
            self.ec2.delete_network_acl_entry(**entry)

    def test_an_association_is_replaced_once(self):
        subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        wanted = [{"Name": "association.subnet-id", "Values": [subnet]}]
        held = self.ec2.describe_network_acls(Filters=wanted)["NetworkAcls"][0]["Associations"][0]
        change = {"AssociationId": held["NetworkAclAssociationId"], "NetworkAclId": self.acl}
        self.ec2.replace_network_acl_association(**change)
        with refused("InvalidAssociationID.NotFound"):
            self.ec2.replace_network_acl_association(**change)
        with refused("DependencyViolation"):
            self.ec2.delete_network_acl(NetworkAclId=self.acl)
        self.ec2.delete_subnet(SubnetId=subnet)
        self.ec2.delete_network_acl(NetworkAclId=self.acl)

    def test_a_flow_log_in_a_folder(self):
        name = f"records-{self.vpc}"
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        options = {"FileFormat": "parquet", "HiveCompatiblePartitions": False, "PerHourPartition": False}
        made = self.ec2.create_flow_logs(
            ResourceIds=[self.vpc], ResourceType="VPC", TrafficType="ALL", LogDestinationType="s3",
            LogDestination=f"arn:aws:s3:::{name}/flows/", DestinationOptions=options,
        )
        plain = {"ResourceIds": [self.vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3"}
        self.ec2.create_flow_logs(**plain, LogDestination=f"arn:aws:s3:::{name}")
        self.ec2.create_flow_logs(**plain, LogDestination=f"arn:aws:s3:::{name}/others/")
        with refused("FlowLogAlreadyExists"):
            self.ec2.create_flow_logs(**plain, LogDestination=f"arn:aws:s3:::{name}/flows/")
        shown = self.ec2.describe_flow_logs(FlowLogIds=made["FlowLogIds"])["FlowLogs"][0]
        self.assertEqual((shown["LogDestination"], shown["DestinationOptions"]), (f"arn:aws:s3:::{name}/flows/", options))
