"""MongoDB Atlas, which the local AWS serves beside AWS."""

import json
import os
import re
import unittest

import requests
from requests.auth import HTTPDigestAuth

from support import new_account

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
