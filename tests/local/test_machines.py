"""EC2 instances: images, root volumes, interfaces, profiles, and what wants a stopped instance."""

import json
import unittest

from botocore.exceptions import ClientError
from support import client, new_account, refused, until

IMAGE = "ami-1e749f67"
PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


class Machines(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.ec2 = client("ec2", self.account)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.group = self.ec2.create_security_group(GroupName="a", Description="a", VpcId=self.vpc)["GroupId"]

    def run_one(self, image=IMAGE, public=False, **more):
        interface = {
            "DeviceIndex": 0, "SubnetId": self.subnet, "Groups": [self.group], "AssociatePublicIpAddress": public,
        }
        asked = {"ImageId": image, "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1, **more}
        made = self.ec2.run_instances(NetworkInterfaces=[interface], **asked)["Instances"][0]["InstanceId"]
        self.wait(made, "running")
        return made

    def show(self, identity):
        return self.ec2.describe_instances(InstanceIds=[identity])["Reservations"][0]["Instances"][0]

    def wait(self, identity, state):
        until(lambda: self.show(identity)["State"]["Name"] == state)

    def attribute(self, identity, name):
        found = self.ec2.describe_instance_attribute(InstanceId=identity, Attribute=name)
        return found[name[0].upper() + name[1:]].get("Value")

    def test_an_image_behind_a_parameter(self):
        shown = self.show(self.run_one("resolve:ssm:" + PARAMETER))
        known = client("ssm", self.account).get_parameter(Name=PARAMETER)["Parameter"]["Value"]
        self.assertEqual((shown["ImageId"], shown["RootDeviceName"]), (known, "/dev/xvda"))
        image = self.ec2.describe_images(ImageIds=[known])["Images"][0]
        self.assertEqual(image["RootDeviceName"], "/dev/xvda")
        with refused("InvalidParameterValue"):
            self.run_one("resolve:ssm:/nowhere")
        with refused("InvalidAMIID.NotFound"):
            self.run_one("ami-00000000")

    def test_a_root_volume_as_it_was_asked_for(self):
        tags = [{"Key": "Of", "Value": "it"}]
        kinds = ("instance", "volume", "network-interface")
        root = {"VolumeType": "gp3", "Iops": 4000, "Throughput": 250, "Encrypted": True}
        shown = self.show(self.run_one(
            BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": root}],
            TagSpecifications=[{"ResourceType": kind, "Tags": tags} for kind in kinds],
        ))
        mapping = shown["BlockDeviceMappings"][0]
        volume = self.ec2.describe_volumes(VolumeIds=[mapping["Ebs"]["VolumeId"]])["Volumes"][0]
        self.assertEqual((volume["Size"], volume["Iops"], volume["Throughput"], volume["Encrypted"]), (8, 4000, 250, True))
        self.assertTrue(mapping["Ebs"]["DeleteOnTermination"])
        self.assertEqual([group["GroupId"] for group in shown["SecurityGroups"]], [self.group])
        interface = shown["NetworkInterfaces"][0]["NetworkInterfaceId"]
        interface = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
        self.assertEqual([volume["Tags"], interface["TagSet"]], [tags, tags])

    def test_a_type_changes_while_it_is_stopped(self):
        machine = self.run_one()
        change = {"InstanceId": machine, "InstanceType": {"Value": "t3.large"}}
        with refused("IncorrectInstanceState"):
            self.ec2.modify_instance_attribute(**change)
        self.ec2.stop_instances(InstanceIds=[machine])
        self.wait(machine, "stopped")
        self.ec2.modify_instance_attribute(**change)
        self.assertEqual(self.show(machine)["InstanceType"], "t3.large")

    def test_what_is_protected_is_not_ended(self):
        machine = self.run_one(DisableApiTermination=True)
        self.assertTrue(self.attribute(machine, "disableApiTermination"))
        with refused("OperationNotPermitted"):
            self.ec2.terminate_instances(InstanceIds=[machine])

    def test_credits(self):
        machine = self.run_one(CreditSpecification={"CpuCredits": "standard"})
        plain = self.run_one(InstanceType="m7g.large")

        def credits():
            rows = self.ec2.describe_instance_credit_specifications()["InstanceCreditSpecifications"]
            return {row["InstanceId"]: row["CpuCredits"] for row in rows}

        self.assertEqual(credits(), {machine: "standard"})
        wanted = [{"InstanceId": each, "CpuCredits": "unlimited"} for each in (machine, plain)]
        answer = self.ec2.modify_instance_credit_specification(InstanceCreditSpecifications=wanted)
        self.assertEqual([row["InstanceId"] for row in answer["UnsuccessfulInstanceCreditSpecifications"]], [plain])
        self.assertEqual(credits(), {machine: "unlimited"})

    def test_a_public_address_comes_and_goes(self):
        machine = self.run_one()
        interface = self.show(machine)["NetworkInterfaces"][0]["NetworkInterfaceId"]
        self.assertNotIn("PublicIpAddress", self.show(machine))
        about = {"NetworkInterfaceId": interface}
        self.ec2.modify_network_interface_attribute(**about, AssociatePublicIpAddress=True)
        owner = self.show(machine)["NetworkInterfaces"][0]["Association"]["IpOwnerId"]
        self.assertEqual(owner, "amazon")
        self.ec2.stop_instances(InstanceIds=[machine])
        self.wait(machine, "stopped")
        self.assertNotIn("PublicIpAddress", self.show(machine))
        asked = self.ec2.describe_network_interface_attribute(**about, Attribute="associatePublicIpAddress")
        self.assertTrue(asked["AssociatePublicIpAddress"])

    def test_groups_and_monitoring(self):
        machine = self.run_one()
        other = self.ec2.create_security_group(GroupName="b", Description="b", VpcId=self.vpc)["GroupId"]
        self.ec2.modify_instance_attribute(InstanceId=machine, Groups=[other])
        self.assertEqual([group["GroupId"] for group in self.show(machine)["SecurityGroups"]], [other])
        self.ec2.delete_security_group(GroupId=self.group)
        self.ec2.monitor_instances(InstanceIds=[machine])
        self.assertEqual(self.show(machine)["Monitoring"]["State"], "enabled")
        self.ec2.unmonitor_instances(InstanceIds=[machine])
        self.assertEqual(self.show(machine)["Monitoring"]["State"], "disabled")

    def test_a_profile_takes_the_place_of_another(self):
        iam = client("iam", self.account)
        document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        arns = []
        for name in ("a", "b"):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
            arns.append(iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"])
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        with refused("InvalidParameterValue"):
            self.run_one(IamInstanceProfile={"Arn": arns[0] + "x"})

        def runs():
            # A new profile is not known everywhere at once.
            try:
                return self.run_one(IamInstanceProfile={"Arn": arns[1]}) and self.run_one(IamInstanceProfile={"Arn": arns[0]})
            except ClientError:
                return None

        machine = until(runs)
        wanted = [{"Name": "instance-id", "Values": [machine]}]
        held = self.ec2.describe_iam_instance_profile_associations(Filters=wanted)["IamInstanceProfileAssociations"][0]
        self.ec2.replace_iam_instance_profile_association(
            AssociationId=held["AssociationId"], IamInstanceProfile={"Arn": arns[1]}
        )
        self.assertEqual(self.show(machine)["IamInstanceProfile"]["Arn"], arns[1])
