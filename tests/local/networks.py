"""A network in an account of its own, and what the tests of the local AWS put into it."""

import json

from support import accepted, client, new_account

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)

# One of the images that the local AWS has. Listing them all takes seconds.
IMAGE = "ami-12c6146b"


class Network:
    def __init__(self):
        self.account = new_account()
        self.ec2, self.elbv2, self.ecs = (client(name, self.account) for name in ("ec2", "elbv2", "ecs"))
        self.vpc = self.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.subnets = [
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"eu-west-3{zone}")[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate("ab")
        ]

    def group(self, name):
        return self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]

    def interfaces(self):
        inside = [{"Name": "vpc-id", "Values": [self.vpc]}]
        return self.ec2.describe_network_interfaces(Filters=inside)["NetworkInterfaces"]

    def nat_gateway(self):
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        made = self.ec2.create_nat_gateway(SubnetId=self.subnets[0], AllocationId=address)
        return address, made["NatGateway"]["NatGatewayId"]

    def instance(self):
        made = self.ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=self.subnets[0]
        )
        return made["Instances"][0]["InstanceId"]

    def load_balancer(self, name="web", **settings):
        made = self.elbv2.create_load_balancer(Name=name, **{"Subnets": self.subnets, **settings})
        return made["LoadBalancers"][0]["LoadBalancerArn"]

    def cluster(self):
        return self.ecs.create_cluster(clusterName="main")["cluster"]["clusterArn"]

    def role(self):
        iam = client("iam", self.account)
        return iam.create_role(RoleName="execution", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]

    def task_definition(self, image="nginx:1", family="web", **settings):
        made = accepted(
            "ClientException",
            lambda: self.ecs.register_task_definition(
                family=family,
                networkMode="awsvpc",
                requiresCompatibilities=["FARGATE"],
                cpu="256",
                memory="512",
                containerDefinitions=[{"name": "app", "image": image}],
                **settings,
            ),
        )
        return made["taskDefinition"]["taskDefinitionArn"]

    def placement(self, **settings):
        return {"awsvpcConfiguration": {"subnets": self.subnets, "assignPublicIp": "DISABLED", **settings}}

    def service(self, name="web", **settings):
        wanted = {
            "cluster": "main",
            "serviceName": name,
            "desiredCount": 2,
            "launchType": "FARGATE",
            "networkConfiguration": self.placement(),
            **settings,
        }
        return self.ecs.create_service(**wanted)["service"]

    def service_now(self, name="web"):
        return self.ecs.describe_services(cluster="main", services=[name])["services"][0]
