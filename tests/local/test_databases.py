"""RDS, FSx and CloudFront: states, and what is in use stays."""

import unittest

from networks import Network
from support import client, refused, until

INSTANCE = {
    "DBInstanceIdentifier": "main",
    "Engine": "postgres",
    "DBInstanceClass": "db.t4g.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "root1",
    "MasterUserPassword": "password1",
    "DBSubnetGroupName": "main",
}


class Databases(unittest.TestCase):
    def setUp(self):
        self.net = Network()
        self.rds = client("rds", self.net.account)
        self.rds.create_db_subnet_group(
            DBSubnetGroupName="main", DBSubnetGroupDescription="main", SubnetIds=self.net.subnets
        )

    def instance(self, name="main"):
        return self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def becomes(self, status):
        until(lambda: self.instance()["DBInstanceStatus"] == status)

    def test_parameters_are_set_and_taken_back(self):
        self.rds.create_db_parameter_group(
            DBParameterGroupName="own", DBParameterGroupFamily="mysql8.4", Description="own"
        )
        change = {"ParameterName": "max_connections", "ParameterValue": "50", "ApplyMethod": "immediate"}
        self.rds.modify_db_parameter_group(DBParameterGroupName="own", Parameters=[change])
        found = self.rds.describe_db_parameters(DBParameterGroupName="own", Source="user")["Parameters"]
        self.assertEqual([(each["ParameterName"], each["ParameterValue"]) for each in found], [("max_connections", "50")])
        self.assertGreater(len(self.rds.describe_db_parameters(DBParameterGroupName="own")["Parameters"]), 5)
        static = {"ParameterName": "performance_schema", "ParameterValue": "1", "ApplyMethod": "immediate"}
        with refused("InvalidParameterCombination"):
            self.rds.modify_db_parameter_group(DBParameterGroupName="own", Parameters=[static])
        self.rds.reset_db_parameter_group(DBParameterGroupName="own", ResetAllParameters=True)
        self.assertFalse(self.rds.describe_db_parameters(DBParameterGroupName="own", Source="user")["Parameters"])

    def test_a_subnet_group_keeps_the_subnets_in_use(self):
        self.rds.create_db_instance(**INSTANCE)
        self.becomes("available")
        (interface,) = self.net.interfaces()
        with refused("DBSubnetGroupDoesNotCoverEnoughAZs"):
            self.rds.modify_db_subnet_group(DBSubnetGroupName="main", SubnetIds=self.net.subnets[:1])
        ec2 = client("ec2", self.net.account)
        used = interface["SubnetId"]
        vpc, zone = interface["VpcId"], interface["AvailabilityZone"]
        more = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.99.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        others = [each for each in self.net.subnets if each != used]
        with refused("SubnetAlreadyInUse"):
            self.rds.modify_db_subnet_group(DBSubnetGroupName="main", SubnetIds=[*others, more])
        self.rds.modify_db_subnet_group(DBSubnetGroupName="main", SubnetIds=[*self.net.subnets, more])
        (group,) = self.rds.describe_db_subnet_groups(DBSubnetGroupName="main")["DBSubnetGroups"]
        self.assertEqual(len(group["Subnets"]), len(self.net.subnets) + 1)

    def test_an_instance_holds_subnet_groups_and_parameters(self):
        group = self.net.group("database")
        self.rds.create_db_parameter_group(
            DBParameterGroupName="own", DBParameterGroupFamily="postgres16", Description="own"
        )
        self.rds.create_db_instance(**INSTANCE, VpcSecurityGroupIds=[group], DBParameterGroupName="own")
        self.becomes("available")
        (interface,) = self.net.interfaces()
        self.assertEqual((interface["Description"], interface["RequesterId"]), ("RDSNetworkInterface", "amazon-rds"))
        with refused("DependencyViolation"):
            self.net.ec2.delete_security_group(GroupId=group)
        with refused("InvalidDBSubnetGroupStateFault"):
            self.rds.delete_db_subnet_group(DBSubnetGroupName="main")
        with refused("InvalidDBParameterGroupState"):
            self.rds.delete_db_parameter_group(DBParameterGroupName="own")
        with refused("InvalidParameterCombination"):
            self.rds.delete_db_instance(DBInstanceIdentifier="main")
        self.rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
        until(lambda: not self.rds.describe_db_instances()["DBInstances"])
        self.assertEqual(self.net.interfaces(), [])
        self.rds.delete_db_subnet_group(DBSubnetGroupName="main")
        self.rds.delete_db_parameter_group(DBParameterGroupName="own")

    def test_an_instance_is_modified_now_or_later_and_stops_and_starts(self):
        self.rds.create_db_instance(**INSTANCE)
        self.becomes("available")
        self.rds.modify_db_instance(DBInstanceIdentifier="main", DBInstanceClass="db.t4g.small")
        self.assertEqual(self.instance()["PendingModifiedValues"], {"DBInstanceClass": "db.t4g.small"})
        self.assertEqual(self.instance()["DBInstanceClass"], "db.t4g.micro")
        self.rds.modify_db_instance(DBInstanceIdentifier="main", DBInstanceClass="db.t4g.small", ApplyImmediately=True)
        self.becomes("available")
        self.assertEqual(self.instance()["DBInstanceClass"], "db.t4g.small")
        self.rds.stop_db_instance(DBInstanceIdentifier="main")
        self.becomes("stopped")
        self.rds.start_db_instance(DBInstanceIdentifier="main")
        self.becomes("available")

    def test_deletion_protection(self):
        self.rds.create_db_instance(**INSTANCE, DeletionProtection=True)
        self.becomes("available")
        with refused("InvalidParameterCombination"):
            self.rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)

    def test_a_cluster_outlives_its_instances(self):
        self.rds.create_db_cluster(
            DBClusterIdentifier="shared",
            Engine="aurora-postgresql",
            MasterUsername="root1",
            MasterUserPassword="password1",
            DBSubnetGroupName="main",
        )

        def status():
            found = self.rds.describe_db_clusters()["DBClusters"]
            return found[0]["Status"] if found else None

        until(lambda: status() == "available")
        self.rds.create_db_instance(
            DBInstanceIdentifier="main",
            DBClusterIdentifier="shared",
            Engine="aurora-postgresql",
            DBInstanceClass="db.t4g.medium",
        )
        self.becomes("available")
        with refused("InvalidDBClusterStateFault"):
            self.rds.delete_db_cluster(DBClusterIdentifier="shared", SkipFinalSnapshot=True)
        self.rds.stop_db_cluster(DBClusterIdentifier="shared")
        until(lambda: status() == "stopped")
        self.rds.start_db_cluster(DBClusterIdentifier="shared")
        until(lambda: status() == "available")
        self.rds.delete_db_instance(DBInstanceIdentifier="main")
        until(lambda: not self.rds.describe_db_instances()["DBInstances"])
        self.rds.delete_db_cluster(DBClusterIdentifier="shared", SkipFinalSnapshot=True)
        until(lambda: status() is None)

    def test_a_subnet_group_covers_two_zones(self):
        with refused("DBSubnetGroupDoesNotCoverEnoughAZs"):
            self.rds.create_db_subnet_group(
                DBSubnetGroupName="one", DBSubnetGroupDescription="one", SubnetIds=self.net.subnets[:1]
            )


class FileSystems(unittest.TestCase):
    def test_a_file_system_holds_its_subnet(self):
        net = Network()
        fsx = client("fsx", net.account)
        made = fsx.create_file_system(FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=net.subnets[:1])
        identity = made["FileSystem"]["FileSystemId"]
        until(lambda: fsx.describe_file_systems()["FileSystems"][0]["Lifecycle"] == "AVAILABLE")
        with refused("DependencyViolation"):
            net.ec2.delete_subnet(SubnetId=net.subnets[0])
        fsx.delete_file_system(FileSystemId=identity)
        until(lambda: not fsx.describe_file_systems()["FileSystems"])
        net.ec2.delete_subnet(SubnetId=net.subnets[0])


class Distributions(unittest.TestCase):
    def test_a_distribution_is_disabled_and_deployed_before_it_is_deleted(self):
        cloudfront = client("cloudfront")
        origin = {"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
        behavior = {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "allow-all",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        }
        config = {
            "CallerReference": "one",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behavior,
        }
        made = cloudfront.create_distribution(DistributionConfig=config)
        identity, first = made["Distribution"]["Id"], made["ETag"]

        def deployed():
            return cloudfront.get_distribution(Id=identity)["Distribution"]["Status"] == "Deployed"

        until(deployed)
        with refused("DistributionNotDisabled"):
            cloudfront.delete_distribution(Id=identity, IfMatch=first)
        config = {**config, "Enabled": False}
        second = cloudfront.update_distribution(Id=identity, IfMatch=first, DistributionConfig=config)["ETag"]
        with refused("PreconditionFailed"):
            cloudfront.delete_distribution(Id=identity, IfMatch=first)
        until(deployed)
        cloudfront.delete_distribution(Id=identity, IfMatch=second)
        with refused("NoSuchDistribution"):
            deployed()


if __name__ == "__main__":
    unittest.main()
