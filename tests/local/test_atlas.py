"""MongoDB Atlas, which the local AWS serves beside AWS."""

import json
import os
import re
import unittest

import requests
from requests.auth import HTTPDigestAuth

from support import client, new_account, until

VERSION = "application/vnd.atlas.2025-03-12+json"
HERE = os.path.dirname(os.path.abspath(__file__))


class Atlas:
    """One account's Atlas, by a token."""

    def __init__(self, account=None):
        self.account = account or new_account()
        self.url = os.environ["LOCAL_AWS"] + "/api/atlas/v2"
        granted = requests.post(
            os.environ["LOCAL_AWS"] + "/api/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(f"mdb_sa_id_{self.account}", "secret"),
        ).json()
        self.headers = {"Accept": VERSION, "Authorization": f"Bearer {granted['access_token']}"}
        self.organization = self.get("/orgs")["results"][0]["id"]

    def call(self, method, path, body=None, **headers):
        headers = {**self.headers, **({"Content-Type": VERSION} if body is not None else {}), **headers}
        return requests.request(method, self.url + path, headers=headers, data=body and json.dumps(body))

    def ok(self, method, path, body=None):
        answer = self.call(method, path, body)
        assert answer.ok, answer.text
        return answer.json() if answer.text else None

    def get(self, path):
        return self.ok("GET", path)

    def code(self, method, path, body=None):
        """The status and the code of a refusal."""
        answer = self.call(method, path, body)
        said = answer.json()
        assert set(said) == {"detail", "error", "errorCode", "parameters", "reason"}, said
        assert said["error"] == answer.status_code
        return answer.status_code, said["errorCode"]

    def project(self, name="project", **more):
        return self.ok("POST", "/groups", {"name": name, "orgId": self.organization, **more})


class Wire(unittest.TestCase):
    def setUp(self):
        self.atlas = Atlas()

    def test_versions_and_types(self):
        self.assertEqual(self.atlas.call("GET", "/groups", Accept="application/json").status_code, 406)
        self.assertEqual(self.atlas.call("POST", "/groups", {}, **{"Content-Type": "text/plain"}).status_code, 415)
        self.assertEqual(self.atlas.call("GET", "/nothing").status_code, 404)

    def test_a_digest_proves_who_asks(self):
        headers = {"Accept": VERSION}
        right = HTTPDigestAuth(self.atlas.account, "local")
        self.assertTrue(requests.get(self.atlas.url + "/groups?pageNum=1", auth=right, headers=headers).ok)
        wrong = HTTPDigestAuth(self.atlas.account, "other")
        self.assertEqual(requests.get(self.atlas.url + "/groups", auth=wrong, headers=headers).status_code, 401)
        self.assertEqual(requests.get(self.atlas.url + "/groups", headers=headers).status_code, 401)

    def test_pages(self):
        for number in range(3):
            self.atlas.project(f"project-{number}")
        page = self.atlas.get("/groups?itemsPerPage=2&pageNum=2")
        self.assertEqual((len(page["results"]), page["totalCount"]), (1, 3))
        self.assertEqual(self.atlas.code("GET", "/groups?itemsPerPage=501")[0], 400)

    def test_what_the_description_does_not_know_is_refused(self):
        body = {"name": "a", "orgId": self.atlas.organization}
        self.assertEqual(self.atlas.code("POST", "/groups", {**body, "colour": 1}), (400, "INVALID_ATTRIBUTE"))
        self.assertEqual(self.atlas.code("POST", "/groups", {"name": "a"}), (400, "MISSING_ATTRIBUTE"))
        self.assertEqual(self.atlas.code("POST", "/groups", {**body, "tags": [{"key": 1}]})[0], 400)

    def test_the_description_is_whole(self):
        path = os.path.join(HERE, "..", "..", "src", "local", "overlay", "atlas_schemas.json")
        with open(path, encoding="utf-8") as file:
            description = json.load(file)
        self.assertRegex(description["version"], "^[0-9a-f]{40}$")
        for name, schema in description["schemas"].items():
            for field, rule in schema["fields"].items():
                words = [word for word in rule.split() if word not in ("list", "read", "write")]
                known = words[0] in ("string", "integer", "number", "boolean", "enum") or words[0] in description["schemas"]
                self.assertTrue(known, f"{name}.{field}: {rule}")
            self.assertLessEqual(set(schema.get("required", [])), set(schema["fields"]), name)


class Projects(unittest.TestCase):
    def setUp(self):
        self.atlas = Atlas()

    def test_a_project_is_made_changed_and_deleted(self):
        made = self.atlas.project(tags=[{"key": "infra+3Astack", "value": "shop"}])
        self.assertTrue(re.match("^[0-9a-f]{24}$", made["id"]))
        body = {"name": "project", "orgId": self.atlas.organization}
        self.assertEqual(self.atlas.code("POST", "/groups", body), (409, "GROUP_ALREADY_EXISTS"))
        path = f"/groups/{made['id']}"
        self.atlas.ok("PATCH", path, {"tags": [{"key": "a", "value": "b"}]})
        self.assertEqual(self.atlas.get(path)["tags"], [{"key": "a", "value": "b"}])
        for key, value in (("infra:stack", "x"), ("a", "b/c"), ("a", "")):
            self.assertEqual(self.atlas.code("PATCH", path, {"tags": [{"key": key, "value": value}]})[0], 400)
        self.atlas.ok("DELETE", path)
        self.assertEqual(self.atlas.code("GET", path), (404, "GROUP_NOT_FOUND"))

    def test_accounts_are_apart(self):
        made = self.atlas.project()
        self.assertEqual(Atlas().code("GET", f"/groups/{made['id']}")[0], 404)


class FlexClusters(unittest.TestCase):
    def test_one_is_made_protected_and_deleted(self):
        atlas = Atlas()
        project = f"/groups/{atlas.project()['id']}"
        path = f"{project}/flexClusters"
        body = {"name": "small", "providerSettings": {"backingProviderName": "AWS"}}
        self.assertEqual(atlas.code("POST", path, body), (400, "MISSING_ATTRIBUTE"))
        body["providerSettings"]["regionName"] = "EU_WEST_3"
        self.assertEqual(atlas.ok("POST", path, body)["stateName"], "CREATING")
        self.assertEqual(atlas.code("POST", path, body), (400, "DUPLICATE_CLUSTER_NAME"))
        one = f"{path}/small"
        until(lambda: atlas.get(one)["stateName"] == "IDLE")
        self.assertEqual([each["name"] for each in atlas.get(path)["results"]], ["small"])
        self.assertEqual(atlas.get(f"{project}/clusters")["results"], [])
        atlas.ok("PATCH", one, {"terminationProtectionEnabled": True})
        code = "CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED"
        self.assertEqual(atlas.code("DELETE", one), (400, code))
        self.assertEqual(atlas.code("DELETE", project), (409, "CANNOT_CLOSE_GROUP_ACTIVE_ATLAS_CLUSTERS"))
        atlas.ok("PATCH", one, {"terminationProtectionEnabled": False})
        atlas.ok("DELETE", one)
        until(lambda: atlas.call("GET", one).status_code == 404)


class Clusters(unittest.TestCase):
    def setUp(self):
        self.atlas = Atlas()
        self.path = f"/groups/{self.atlas.project()['id']}/clusters"

    def cluster(self, name="cluster", tier="M10", **more):
        shared = tier == "M0"
        config = {
            "providerName": "TENANT" if shared else "AWS",
            "regionName": "EU_WEST_3",
            "priority": 7,
            "electableSpecs": {"instanceSize": tier},
            **({"backingProviderName": "AWS"} if shared else {}),
        }
        body = {"name": name, "clusterType": "REPLICASET", "replicationSpecs": [{"regionConfigs": [config]}], **more}
        return self.atlas.ok("POST", self.path, body)

    def idle(self, name="cluster"):
        return until(lambda: (found := self.atlas.get(f"{self.path}/{name}"))["stateName"] == "IDLE" and found)

    def test_a_cluster_is_made_changed_and_deleted(self):
        self.assertEqual(self.cluster()["stateName"], "CREATING")
        self.assertTrue(self.idle()["connectionStrings"]["standardSrv"].startswith("mongodb+srv://cluster."))
        one = f"{self.path}/cluster"
        self.assertEqual(self.atlas.ok("PATCH", one, {"backupEnabled": True})["stateName"], "UPDATING")
        self.idle()
        self.atlas.ok("PATCH", one, {"terminationProtectionEnabled": True})
        code = "CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED"
        self.assertEqual(self.atlas.code("DELETE", one), (400, code))
        self.atlas.ok("PATCH", one, {"terminationProtectionEnabled": False})
        project = self.path.removesuffix("/clusters")
        self.assertEqual(self.atlas.code("DELETE", project), (409, "CANNOT_CLOSE_GROUP_ACTIVE_ATLAS_CLUSTERS"))
        self.atlas.ok("DELETE", one)
        # On a busy machine it may be gone by now.
        again = [(400, "CLUSTER_ALREADY_REQUESTED_DELETION"), (404, "CLUSTER_NOT_FOUND")]
        self.assertIn(self.atlas.code("DELETE", one), again)
        until(lambda: self.atlas.call("GET", one).status_code == 404)
        self.atlas.ok("DELETE", project)

    def test_names(self):
        self.cluster("a-name-that-is-quite-long-1")
        config = [{"regionConfigs": [{"providerName": "AWS", "electableSpecs": {"instanceSize": "M10"}}]}]
        for name, code in (
            ("a-name-that-is-quite-long-1", "DUPLICATE_CLUSTER_NAME"),
            ("a-name-that-is-quite-long-2", "DUPLICATE_CLUSTER_NAME_PREFIX"),
            ("under_score", "CLUSTER_NAME_INVALID"),
        ):
            body = {"name": name, "replicationSpecs": config}
            self.assertEqual(self.atlas.code("POST", self.path, body), (400, code))

    def test_a_paused_cluster_is_not_changed_and_not_paused_again_at_once(self):
        self.cluster()
        one = f"{self.path}/cluster"
        self.idle()
        both = {"paused": True, "backupEnabled": True}
        self.assertEqual(self.atlas.code("PATCH", one, both), (409, "CANNOT_UPDATE_AND_PAUSE_CLUSTER"))
        self.atlas.ok("PATCH", one, {"paused": True})
        self.idle()
        for body in ({"backupEnabled": True}, {"tags": []}):
            self.assertEqual(self.atlas.code("PATCH", one, body), (409, "CANNOT_UPDATE_PAUSED_CLUSTER"))
        self.atlas.ok("PATCH", one, {"paused": False})
        self.idle()
        self.assertEqual(self.atlas.code("PATCH", one, {"paused": True}), (409, "CANNOT_PAUSE_RECENTLY_RESUMED_CLUSTER"))

    def test_a_free_cluster_is_not_changed(self):
        self.cluster(tier="M0")
        answer = self.atlas.code("PATCH", f"{self.path}/cluster", {"backupEnabled": True})
        self.assertEqual(answer, (400, "TENANT_CLUSTER_UPDATE_UNSUPPORTED"))

    def test_a_schedule_is_the_cluster_s(self):
        self.cluster()
        path = f"{self.path}/cluster/backup/schedule"
        self.assertEqual(self.atlas.code("GET", path)[0], 404)
        self.atlas.ok("PATCH", f"{self.path}/cluster", {"backupEnabled": True})
        policies = self.atlas.get(path)["policies"]
        hourly = {"frequencyType": "hourly", "frequencyInterval": 6, "retentionUnit": "days", "retentionValue": 2}
        body = {"policies": [{"id": policies[0]["id"], "policyItems": [hourly]}], "restoreWindowDays": 1}
        self.assertEqual(self.atlas.ok("PATCH", path, body)["restoreWindowDays"], 1)
        for wrong in (
            {**body, "restoreWindowDays": 3},
            {"policies": [{"policyItems": [hourly]}]},
            {"policies": [{"id": policies[0]["id"], "policyItems": [{**hourly, "frequencyInterval": 5}]}]},
        ):
            self.assertEqual(self.atlas.code("PATCH", path, wrong), (400, "INVALID_BACKUP_POLICY"))


class Access(unittest.TestCase):
    def setUp(self):
        self.atlas = Atlas()
        self.path = f"/groups/{self.atlas.project()['id']}"

    def test_a_user_s_password_is_never_shown(self):
        who = {"username": "shop", "databaseName": "admin", "groupId": self.path.rpartition("/")[2]}
        user = {**who, "roles": [{"roleName": "read", "databaseName": "shop"}]}
        users = self.path + "/databaseUsers"
        self.assertEqual(self.atlas.code("POST", users, {**user, "password": "short"})[0], 400)
        made = self.atlas.ok("POST", users, {**user, "password": "long enough"})
        self.assertNotIn("password", made)
        again = self.atlas.code("POST", users, {**user, "password": "long enough"})
        self.assertEqual(again, (409, "USER_ALREADY_EXISTS"))
        self.atlas.ok("PATCH", users + "/admin/shop", {**who, "labels": [{"key": "a", "value": "b"}]})
        self.assertEqual(self.atlas.get(users + "/admin/shop")["labels"], [{"key": "a", "value": "b"}])
        self.atlas.ok("DELETE", users + "/admin/shop")
        self.assertEqual(self.atlas.code("GET", users + "/admin/shop"), (404, "USER_NOT_FOUND"))

    def test_an_access_list(self):
        path = self.path + "/accessList"
        self.atlas.ok("POST", path, [{"cidrBlock": "10.0.0.0/16"}, {"ipAddress": "203.0.113.7", "comment": "office"}])
        self.atlas.ok("POST", path, [{"cidrBlock": "10.0.0.0/16", "comment": "network"}])
        found = {row["cidrBlock"]: row["comment"] for row in self.atlas.get(path)["results"]}
        self.assertEqual(found, {"10.0.0.0/16": "network", "203.0.113.7/32": "office"})
        self.atlas.ok("DELETE", path + "/10.0.0.0%2F16")
        self.assertEqual(len(self.atlas.get(path)["results"]), 1)
        self.assertEqual(self.atlas.code("POST", path, [{"cidrBlock": "10.0.0.1/16"}])[0], 400)

    def test_alerts(self):
        path = self.path + "/alertConfigs"
        proposed = self.atlas.get(path)["results"]
        self.assertTrue(proposed)
        told = {"typeName": "EMAIL", "emailAddress": "a@example.com"}
        self.assertEqual(self.atlas.code("POST", path, {"eventTypeName": "HOST_DOWN"})[0], 400)
        made = self.atlas.ok("POST", path, {"eventTypeName": "HOST_DOWN", "enabled": True, "notifications": [told]})
        self.assertEqual(made["notifications"][0]["intervalMin"], 60)
        self.atlas.ok("DELETE", f"{path}/{made['id']}")
        self.assertEqual(self.atlas.get(path)["results"], proposed)
        bare = self.atlas.project("bare", withDefaultAlertsSettings=False)
        self.assertEqual(self.atlas.get(f"/groups/{bare['id']}/alertConfigs")["results"], [])


class Networks(unittest.TestCase):
    def test_a_connection_waits_to_be_accepted(self):
        atlas = Atlas()
        path = f"/groups/{atlas.project()['id']}"
        ec2 = client("ec2", atlas.account)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        body = {"providerName": "AWS", "regionName": "EU_WEST_3", "atlasCidrBlock": "192.168.0.0/21"}
        self.assertEqual(atlas.code("POST", path + "/containers", {**body, "atlasCidrBlock": "192.168.0.0/16"})[0], 400)
        container = atlas.ok("POST", path + "/containers", body)
        self.assertEqual(atlas.code("POST", path + "/containers", body)[0], 409)
        asked = {
            "providerName": "AWS",
            "containerId": container["id"],
            "accepterRegionName": "eu-west-3",
            "awsAccountId": atlas.account,
            "vpcId": vpc,
            "routeTableCidrBlock": "10.0.0.0/16",
        }
        peer = atlas.ok("POST", path + "/peers", asked)
        self.assertEqual(peer["statusName"], "INITIATING")
        self.assertEqual(atlas.code("POST", path + "/peers", asked)[0], 409)
        one = f"{path}/peers/{peer['id']}"
        connection = until(lambda: atlas.get(one)["connectionId"])
        self.assertEqual(atlas.get(one)["statusName"], "PENDING_ACCEPTANCE")
        ec2.create_tags(Resources=[connection], Tags=[{"Key": "a", "Value": "b"}])
        ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=connection)
        until(lambda: atlas.get(one)["statusName"] == "AVAILABLE")
        seen = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"][0]
        self.assertEqual(seen["RequesterVpcInfo"]["CidrBlock"], "192.168.0.0/21")
        self.assertEqual((seen["Status"]["Code"], seen["Tags"]), ("active", [{"Key": "a", "Value": "b"}]))
        self.assertEqual(atlas.code("DELETE", path), (409, "CANNOT_CLOSE_GROUP_ACTIVE_PEERING_CONNECTIONS"))
        atlas.ok("DELETE", one)
        until(lambda: atlas.call("GET", one).status_code == 404)
        seen = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"][0]
        self.assertEqual(seen["Status"]["Code"], "deleted")
        atlas.ok("DELETE", path)
