"""EC2 volumes: who has them, the states in between, and how they change."""

import unittest

from botocore.exceptions import ClientError

from support import client, new_account, refused, until

IMAGE = "ami-1e749f67"


class Volumes(unittest.TestCase):
    def setUp(self):
        self.ec2 = client("ec2", new_account())
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        made = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone="eu-west-3a")
        self.subnet = made["Subnet"]["SubnetId"]

    def machine(self):
        asked = {"ImageId": IMAGE, "InstanceType": "t3.small", "SubnetId": self.subnet}
        made = self.ec2.run_instances(MinCount=1, MaxCount=1, **asked)["Instances"][0]["InstanceId"]
        until(lambda: self.state_of(made) == "running")
        return made

    def state_of(self, machine):
        shown = self.ec2.describe_instances(InstanceIds=[machine])["Reservations"][0]["Instances"][0]
        return shown["State"]["Name"]

    def volume(self, zone="eu-west-3a"):
        made = self.ec2.create_volume(AvailabilityZone=zone, Size=10, VolumeType="gp3")["VolumeId"]
        self.wait(made, "available")
        return made

    def show(self, volume):
        return self.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]

    def wait(self, volume, state):
        until(lambda: self.show(volume)["State"] == state)

    def attach(self, volume, machine):
        return self.ec2.attach_volume(VolumeId=volume, InstanceId=machine, Device="/dev/sdf")

    def attachment(self, volume):
        return [(each["InstanceId"], each["Device"], each["State"]) for each in self.show(volume)["Attachments"]]

    def complete(self, volume):
        """Waits for the last change."""
        filters = [{"Name": "volume-id", "Values": [volume]}]
        changes = lambda: self.ec2.describe_volumes_modifications(Filters=filters)["VolumesModifications"]  # noqa: E731
        until(lambda: changes()[-1]["ModificationState"] == "completed")

    def test_one_machine_of_its_zone_has_a_volume(self):
        machine, other, volume = self.machine(), self.machine(), self.volume()
        self.assertEqual((self.show(volume)["Iops"], self.show(volume)["Throughput"]), (3000, 125))
        far = self.volume("eu-west-3b")
        with refused("InvalidVolume.ZoneMismatch"):
            self.attach(far, machine)
        with refused("InvalidParameterValue"):
            self.ec2.attach_volume(VolumeId=volume, InstanceId=machine, Device="/dev/sda1")
        made = self.attach(volume, machine)
        self.assertEqual((made["State"], self.show(volume)["State"]), ("attaching", "in-use"))
        with refused("VolumeInUse"):
            self.attach(volume, other)
        with refused("VolumeInUse"):
            self.ec2.delete_volume(VolumeId=volume)
        until(lambda: self.attachment(volume) == [(machine, "/dev/sdf", "attached")])

    def test_a_volume_is_detached_after_a_while(self):
        machine, volume = self.machine(), self.volume()
        with refused("IncorrectState"):
            self.ec2.detach_volume(VolumeId=volume)
        self.attach(volume, machine)
        self.assertEqual(self.ec2.detach_volume(VolumeId=volume)["State"], "detaching")
        self.wait(volume, "available")
        self.assertEqual(self.attachment(volume), [])
        self.ec2.delete_volume(VolumeId=volume)

    def test_a_stopped_machine_keeps_its_volume_and_one_that_ended_does_not(self):
        machine, volume = self.machine(), self.volume()
        self.attach(volume, machine)
        self.ec2.stop_instances(InstanceIds=[machine])
        until(lambda: self.state_of(machine) == "stopped")
        self.assertEqual(self.attachment(volume), [(machine, "/dev/sdf", "attached")])
        self.ec2.terminate_instances(InstanceIds=[machine])
        self.wait(volume, "available")
        with refused("IncorrectState"):
            self.attach(volume, machine)

    def test_a_change_takes_its_time(self):
        volume = self.volume()
        made = self.ec2.modify_volume(VolumeId=volume, Size=20)["VolumeModification"]
        self.assertEqual((made["ModificationState"], made["OriginalSize"], made["TargetSize"]), ("modifying", 10, 20))
        self.assertEqual(made["TargetVolumeType"], "gp3")
        self.complete(volume)
        self.assertEqual(self.show(volume)["Size"], 20)
        with refused("InvalidParameterValue"):
            self.ec2.modify_volume(VolumeId=volume, Size=10)
        self.ec2.modify_volume(VolumeId=volume, VolumeType="gp2")
        self.complete(volume)
        self.assertEqual((self.show(volume)["Size"], self.show(volume).get("Iops")), (20, None))

    def test_one_change_is_made_at_a_time(self):
        volume, sizes = self.volume(), iter(range(11, 1000))

        def is_too_soon():
            try:
                self.ec2.modify_volume(VolumeId=volume, Size=next(sizes))
            except ClientError as error:
                return error.response["Error"]["Code"] == "IncorrectModificationState"

        until(is_too_soon)
