"""DocumentDB: clusters and instances through their states, groups, snapshots, refusals."""

import unittest

from support import client, new_account, refused, until


class DocumentDb(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.docdb = client("docdb", self.account)

    def make(self, **more):
        secret = {} if "ManageMasterUserPassword" in more else {"MasterUserPassword": "password1"}
        return self.docdb.create_db_cluster(
            DBClusterIdentifier="c", Engine="docdb", MasterUsername="root1", **secret, **more
        )["DBCluster"]

    def cluster(self):
        return self.docdb.describe_db_clusters(DBClusterIdentifier="c")["DBClusters"][0]

    def is_now(self, status):
        return until(lambda: self.cluster()["Status"] == status)

    def instance_is_now(self, status):
        def now():
            return self.docdb.describe_db_instances(DBInstanceIdentifier="i")["DBInstances"][0]["DBInstanceStatus"]

        return until(lambda: now() == status)

    def gone(self):
        try:
            self.cluster()
        except self.docdb.exceptions.DBClusterNotFoundFault:
            return True

    def test_new_security_groups_are_those_of_the_interfaces(self):
        ec2 = client("ec2", self.account)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

        def group(name):
            return ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"]

        def subnet(place, zone):
            return ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{place}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]

        def interfaces(group):
            found = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])
            return len(found["NetworkInterfaces"])

        zones = [each["ZoneName"] for each in ec2.describe_availability_zones()["AvailabilityZones"][:2]]
        subnets = [subnet(place, zone) for place, zone in enumerate(zones)]
        before, after = group("before"), group("after")
        self.docdb.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=subnets)
        self.make(DBSubnetGroupName="g", VpcSecurityGroupIds=[before])
        self.is_now("available")
        self.docdb.create_db_instance(
            DBInstanceIdentifier="i", DBInstanceClass="db.t3.medium", Engine="docdb", DBClusterIdentifier="c"
        )
        self.instance_is_now("available")
        self.assertEqual((interfaces(before), interfaces(after)), (1, 0))
        self.docdb.modify_db_cluster(DBClusterIdentifier="c", VpcSecurityGroupIds=[after])
        self.assertEqual((interfaces(before), interfaces(after)), (0, 1))

    def test_the_life_of_a_cluster(self):
        made = self.make(EnableCloudwatchLogsExports=["audit"], BackupRetentionPeriod=7)
        self.assertIn(made["Status"], ("creating", "available"))
        self.is_now("available")
        found = self.cluster()
        self.assertEqual((found["Engine"], found["Port"], found["EngineVersion"]), ("docdb", 27017, "8.0.0"))
        self.assertEqual(found["DBClusterParameterGroup"], "default.docdb8.0")
        self.assertTrue(found["Endpoint"].endswith(".docdb.amazonaws.com"))
        self.docdb.create_db_instance(
            DBInstanceIdentifier="i", DBInstanceClass="db.t3.medium", Engine="docdb", DBClusterIdentifier="c"
        )
        self.instance_is_now("available")
        self.assertEqual([each["DBInstanceIdentifier"] for each in self.cluster()["DBClusterMembers"]], ["i"])
        logs = {"EnableLogTypes": ["profiler"], "DisableLogTypes": ["audit"]}
        self.docdb.modify_db_cluster(
            DBClusterIdentifier="c", BackupRetentionPeriod=14, CloudwatchLogsExportConfiguration=logs
        )
        self.is_now("available")
        self.assertEqual(self.cluster()["BackupRetentionPeriod"], 14)
        self.assertEqual(self.cluster()["EnabledCloudwatchLogsExports"], ["profiler"])
        self.docdb.stop_db_cluster(DBClusterIdentifier="c")
        self.is_now("stopped")
        with refused("InvalidDBClusterStateFault"):
            self.docdb.stop_db_cluster(DBClusterIdentifier="c")
        with refused("InvalidDBClusterStateFault"):
            self.docdb.modify_db_cluster(DBClusterIdentifier="c", BackupRetentionPeriod=3)
        self.docdb.start_db_cluster(DBClusterIdentifier="c")
        self.is_now("available")
        with refused("InvalidDBClusterStateFault"):
            self.docdb.delete_db_cluster(DBClusterIdentifier="c", SkipFinalSnapshot=True)
        self.instance_is_now("available")
        self.docdb.delete_db_instance(DBInstanceIdentifier="i")
        self.docdb.delete_db_cluster(DBClusterIdentifier="c", FinalDBSnapshotIdentifier="last")
        until(self.gone)
        snapshots = self.docdb.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
        self.assertEqual([each["DBClusterSnapshotIdentifier"] for each in snapshots], ["last"])

    def test_a_protected_cluster(self):
        self.make(DeletionProtection=True)
        self.is_now("available")
        with refused("InvalidParameterCombination"):
            self.docdb.delete_db_cluster(DBClusterIdentifier="c", SkipFinalSnapshot=True)
        self.docdb.modify_db_cluster(DBClusterIdentifier="c", DeletionProtection=False)
        self.is_now("available")
        with refused("InvalidParameterCombination"):
            self.docdb.delete_db_cluster(DBClusterIdentifier="c")
        with refused("InvalidParameterCombination"):
            self.docdb.delete_db_cluster(
                DBClusterIdentifier="c", SkipFinalSnapshot=True, FinalDBSnapshotIdentifier="last"
            )
        self.docdb.delete_db_cluster(DBClusterIdentifier="c", SkipFinalSnapshot=True)
        until(self.gone)

    def test_a_managed_password(self):
        secret = self.make(ManageMasterUserPassword=True)["MasterUserSecret"]["SecretArn"]
        secrets = client("secretsmanager", self.account)
        secrets.describe_secret(SecretId=secret)
        self.is_now("available")
        self.docdb.delete_db_cluster(DBClusterIdentifier="c", SkipFinalSnapshot=True)
        until(self.gone)
        with refused("ResourceNotFoundException"):
            secrets.describe_secret(SecretId=secret)

    def test_names_that_are_taken_or_unknown(self):
        with refused("DBSubnetGroupNotFoundFault"):
            self.make(DBSubnetGroupName="none")
        with refused("DBClusterNotFoundFault"):
            self.docdb.modify_db_cluster(DBClusterIdentifier="c", BackupRetentionPeriod=3)
        with refused("DBClusterNotFoundFault"):
            self.docdb.create_db_instance(
                DBInstanceIdentifier="i", DBInstanceClass="db.t3.medium", Engine="docdb", DBClusterIdentifier="c"
            )
        self.make()
        with refused("DBClusterAlreadyExistsFault"):
            self.make()

    def test_groups_in_use(self):
        ec2 = client("ec2", self.account)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = []
        for number, zone in enumerate("ab"):
            block = f"10.0.{number}.0/24"
            made = ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=f"eu-west-3{zone}")
            subnets.append(made["Subnet"]["SubnetId"])
        self.docdb.create_db_subnet_group(DBSubnetGroupName="s", DBSubnetGroupDescription="d", SubnetIds=subnets)
        self.docdb.create_db_cluster_parameter_group(
            DBClusterParameterGroupName="p", DBParameterGroupFamily="docdb5.0", Description="d"
        )
        self.make(DBSubnetGroupName="s", DBClusterParameterGroupName="p")
        with refused("InvalidDBSubnetGroupStateFault"):
            self.docdb.delete_db_subnet_group(DBSubnetGroupName="s")
        with refused("InvalidDBParameterGroupState"):
            self.docdb.delete_db_cluster_parameter_group(DBClusterParameterGroupName="p")
        self.is_now("available")
        self.docdb.delete_db_cluster(DBClusterIdentifier="c", SkipFinalSnapshot=True)
        until(self.gone)
        self.docdb.delete_db_subnet_group(DBSubnetGroupName="s")
        self.docdb.delete_db_cluster_parameter_group(DBClusterParameterGroupName="p")

    def test_parameters(self):
        self.docdb.create_db_cluster_parameter_group(
            DBClusterParameterGroupName="p", DBParameterGroupFamily="docdb5.0", Description="d"
        )
        change = {"ParameterName": "tls", "ParameterValue": "disabled", "ApplyMethod": "pending-reboot"}
        self.docdb.modify_db_cluster_parameter_group(DBClusterParameterGroupName="p", Parameters=[change])
        found = self.docdb.describe_db_cluster_parameters(DBClusterParameterGroupName="p")["Parameters"]
        found = {each["ParameterName"]: (each["ParameterValue"], each["Source"]) for each in found}
        self.assertEqual(found["tls"], ("disabled", "user"))
        self.assertEqual(found["ttl_monitor"], ("enabled", "system"))
        with refused("InvalidParameterCombination"):
            self.change(ParameterName="tls", ParameterValue="enabled", ApplyMethod="immediate")
        with refused("InvalidParameterValue"):
            self.change(ParameterName="none", ParameterValue="1", ApplyMethod="immediate")
        self.docdb.reset_db_cluster_parameter_group(DBClusterParameterGroupName="p", Parameters=[change])
        found = self.docdb.describe_db_cluster_parameters(DBClusterParameterGroupName="p")["Parameters"]
        self.assertEqual({each["Source"] for each in found}, {"system"})

    def change(self, **change):
        self.docdb.modify_db_cluster_parameter_group(DBClusterParameterGroupName="p", Parameters=[change])


if __name__ == "__main__":
    unittest.main()
