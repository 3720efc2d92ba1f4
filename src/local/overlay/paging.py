"""Pages as long as AWS makes them where the request names no size, and none of moto's own."""

import json

from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response
from moto.ecr.responses import ECRResponse
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.responses import ELBV2Response
from moto.kms.responses import KmsResponse

from patch import around

EC2 = ("MaxResults", "NextToken", "NextToken", 1000)
CAMEL = ("maxResults", "nextToken", "nextToken", 100)
ELB = ("PageSize", "Marker", "NextMarker", 400)
KMS = ("Limit", "Marker", "NextMarker", 100)
# the class, the operation, the list in its answer, and how the service speaks of pages
LISTS = [
    (EC2Response, "describe_vpcs", "Vpcs", EC2),
    (EC2Response, "describe_subnets", "Subnets", EC2),
    (EC2Response, "describe_security_groups", "SecurityGroups", EC2),
    (EC2Response, "describe_security_group_rules", "SecurityGroupRules", EC2),
    (EC2Response, "describe_route_tables", "RouteTables", EC2),
    (EC2Response, "describe_internet_gateways", "InternetGateways", EC2),
    (EC2Response, "describe_nat_gateways", "NatGateways", EC2),
    (EC2Response, "describe_vpc_endpoints", "VpcEndpoints", EC2),
    (EC2Response, "describe_network_acls", "NetworkAcls", EC2),
    (EC2Response, "describe_network_interfaces", "NetworkInterfaces", EC2),
    (EC2ContainerServiceResponse, "list_clusters", "clusterArns", CAMEL),
    (EC2ContainerServiceResponse, "list_services", "serviceArns", ("maxResults", "nextToken", "nextToken", 10)),
    (EC2ContainerServiceResponse, "list_task_definitions", "taskDefinitionArns", CAMEL),
    (ECRResponse, "describe_repositories", "repositories", CAMEL),
    (ELBV2Response, "describe_target_groups", "TargetGroups", ELB),
    (ELBV2Response, "describe_listeners", "Listeners", ELB),
    (ELBV2Response, "describe_rules", "Rules", ELB),
    (KmsResponse, "list_keys", "Keys", KMS),
    (KmsResponse, "list_aliases", "Aliases", KMS),
    (BackupResponse, "list_backup_plans", "BackupPlansList", ("maxResults", "nextToken", "NextToken", 1000)),
    (BackupResponse, "list_backup_vaults", "BackupVaultList", ("maxResults", "nextToken", "NextToken", 1000)),
]


def parameter(response, name):
    """The first value: a REST request carries it in its query string."""
    value = response._get_param(name)
    return value if value is not None else (response.querystring.get(name) or [None])[0]


def paged(owner, operation, key, words):
    size_word, token_word, next_word, most = words

    @around(owner, operation)
    def page(inner, self):
        answer = inner(self)
        result = json.loads(answer) if isinstance(answer, str) else answer.result
        if result.get(next_word):
            return answer
        size = parameter(self, size_word)
        start = int(parameter(self, token_word) or 0)
        end = start + min(int(size) if size else most, most)
        rows = list(result[key])
        result = {**result, key: rows[start:end]}
        if end < len(rows):
            result[next_word] = str(end)
            if owner is KmsResponse:
                result["Truncated"] = True
        return json.dumps(result) if isinstance(answer, str) else ActionResult(result)


for row in LISTS:
    paged(*row)
