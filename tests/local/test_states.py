"""Objects pass through AWS's states, and what they hold is free only when they are gone."""

import unittest

from networks import IMAGE, Network
from support import client, refused, until


class Gateways(unittest.TestCase):
    def test_a_nat_gateway_is_pending_first_and_frees_its_address_last(self):
        net = Network()
        ec2, address, gateway = net.ec2, *net.nat_gateway()

        def state():
            return ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"]

        until(lambda: state() == "available")
        (interface,) = net.interfaces()
        self.assertEqual(interface["InterfaceType"], "nat_gateway")
        self.assertEqual(interface["Description"], f"Interface for NAT Gateway {gateway}")
        self.assertTrue(interface["RequesterManaged"])
        self.assertTrue(interface["PrivateIpAddress"].startswith("10.9."))
        with refused("InvalidParameterValue"):
            ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
        with refused("DependencyViolation"):
            ec2.delete_subnet(SubnetId=net.subnets[0])
        with refused("InvalidIPAddress.InUse"):
            ec2.release_address(AllocationId=address)
        ec2.delete_nat_gateway(NatGatewayId=gateway)
        until(lambda: state() == "deleted")
        self.assertEqual(net.interfaces(), [])
        ec2.release_address(AllocationId=address)
        ec2.delete_subnet(SubnetId=net.subnets[0])

    def test_an_interface_endpoint_holds_subnet_and_group_until_it_is_gone(self):
        net = Network()
        group = net.group("endpoint")
        made = net.ec2.create_vpc_endpoint(
            VpcId=net.vpc,
            ServiceName="com.amazonaws.eu-west-3.ssm",
            VpcEndpointType="Interface",
            SubnetIds=net.subnets,
            SecurityGroupIds=[group],
        )["VpcEndpoint"]["VpcEndpointId"]

        def found():
            return net.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-endpoint-id", "Values": [made]}])["VpcEndpoints"]

        until(lambda: found()[0]["State"] == "available")
        self.assertEqual({each["Groups"][0]["GroupId"] for each in net.interfaces()}, {group})
        with refused("DependencyViolation"):
            net.ec2.delete_security_group(GroupId=group)
        net.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
        until(lambda: not found())
        with refused("InvalidVpcEndpointId.NotFound"):
            net.ec2.describe_vpc_endpoints(VpcEndpointIds=[made])
        net.ec2.delete_security_group(GroupId=group)


class Balancers(unittest.TestCase):
    def test_its_interfaces_outlive_a_load_balancer(self):
        net = Network()
        group = net.group("balancer")
        arn = net.load_balancer(SecurityGroups=[group])

        def state():
            return net.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"]

        until(lambda: state() == "active")
        name = arn.partition(":loadbalancer/")[2]
        self.assertEqual([each["Description"] for each in net.interfaces()], [f"ELB {name}"] * 2)
        with refused("DependencyViolation"):
            net.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
        net.elbv2.delete_load_balancer(LoadBalancerArn=arn)
        with refused("LoadBalancerNotFound"):
            state()
        until(lambda: not net.interfaces())
        net.ec2.delete_security_group(GroupId=group)
        net.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)

    def test_interfaces_follow_subnets_and_groups(self):
        net = Network()
        first, second = net.group("first"), net.group("second")
        arn = net.load_balancer(SecurityGroups=[first])
        net.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[second])
        net.ec2.delete_security_group(GroupId=first)
        self.assertEqual({each["Groups"][0]["GroupId"] for each in net.interfaces()}, {second})

    def test_what_a_load_balancer_needs(self):
        net = Network()
        with refused("ValidationError"):
            net.load_balancer(Subnets=net.subnets[:1])
        with refused("InvalidSecurityGroup"):
            net.load_balancer(SecurityGroups=["sg-00000000000000000"])
        with refused("SubnetNotFound"):
            net.load_balancer(Subnets=[net.subnets[0], "subnet-00000000000000000"])


class Instances(unittest.TestCase):
    def test_an_instance_ends_with_its_interface_and_volume(self):
        net = Network()
        made = net.instance()

        def state():
            return net.ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]["State"]["Name"]

        until(lambda: state() == "running")
        net.ec2.stop_instances(InstanceIds=[made])
        until(lambda: state() == "stopped")
        net.ec2.start_instances(InstanceIds=[made])
        until(lambda: state() == "running")
        with refused("DependencyViolation"):
            net.ec2.delete_subnet(SubnetId=net.subnets[0])
        net.ec2.terminate_instances(InstanceIds=[made])
        until(lambda: state() == "terminated")
        with refused("IncorrectInstanceState"):
            net.ec2.start_instances(InstanceIds=[made])
        net.ec2.delete_subnet(SubnetId=net.subnets[0])

    def test_an_auto_scaling_group_with_instances_stays(self):
        net = Network()
        groups = client("autoscaling", net.account)
        groups.create_launch_configuration(LaunchConfigurationName="main", ImageId=IMAGE, InstanceType="t3.micro")
        groups.create_auto_scaling_group(
            AutoScalingGroupName="main",
            LaunchConfigurationName="main",
            MinSize=1,
            MaxSize=1,
            VPCZoneIdentifier=net.subnets[0],
        )
        with refused("ResourceInUse"):
            groups.delete_auto_scaling_group(AutoScalingGroupName="main")
        groups.delete_auto_scaling_group(AutoScalingGroupName="main", ForceDelete=True)

    def test_a_volume_is_created_and_deleted(self):
        ec2 = Network().ec2
        made = ec2.create_volume(AvailabilityZone="eu-west-3a", Size=1)["VolumeId"]
        until(lambda: ec2.describe_volumes(VolumeIds=[made])["Volumes"][0]["State"] == "available")
        ec2.delete_volume(VolumeId=made)

        def gone():
            volumes = ec2.describe_volumes(Filters=[{"Name": "volume-id", "Values": [made]}])["Volumes"]
            return not volumes

        until(gone)
        with refused("InvalidVolume.NotFound"):
            ec2.describe_volumes(VolumeIds=[made])


class Networks(unittest.TestCase):
    def test_what_is_in_use_stays(self):
        net = Network()
        with refused("DependencyViolation"):
            net.ec2.delete_vpc(VpcId=net.vpc)
        tables = net.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [net.vpc]}])["RouteTables"]
        with refused("DependencyViolation"):
            net.ec2.delete_route_table(RouteTableId=tables[0]["RouteTableId"])
        table = net.ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
        net.ec2.associate_route_table(RouteTableId=table, SubnetId=net.subnets[0])
        with refused("DependencyViolation"):
            net.ec2.delete_route_table(RouteTableId=table)
        used, using = net.group("used"), net.group("using")
        pair = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": used}]}
        net.ec2.authorize_security_group_ingress(GroupId=using, IpPermissions=[pair])
        with refused("DependencyViolation"):
            net.ec2.delete_security_group(GroupId=used)
        net.ec2.revoke_security_group_ingress(GroupId=using, IpPermissions=[pair])
        net.ec2.delete_security_group(GroupId=used)

    def test_an_emptied_vpc_can_be_deleted(self):
        net = Network()
        net.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
        for subnet in net.subnets:
            net.ec2.delete_subnet(SubnetId=subnet)
        net.ec2.delete_vpc(VpcId=net.vpc)


if __name__ == "__main__":
    unittest.main()
