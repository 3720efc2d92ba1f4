"""Route 53: zones, records in batches, health checks, and their tags."""

import unittest

from support import client, new_account, refused, until

ANSWERS = [{"Value": "192.0.2.1"}]


def record(name, kind="A", **more):
    values = {} if "AliasTarget" in more else {"TTL": 60, "ResourceRecords": ANSWERS}
    return {"Name": name, "Type": kind, **values, **more}


class Route53(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.dns = client("route53", self.account)

    def zone(self, name="example.com", reference="one", **more):
        return self.dns.create_hosted_zone(Name=name, CallerReference=reference, **more)["HostedZone"]["Id"].split("/")[2]

    def change(self, zone, *changes):
        rows = [{"Action": action, "ResourceRecordSet": given} for action, given in changes]
        return self.dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": rows})

    def records(self, zone, **more):
        found = self.dns.list_resource_record_sets(HostedZoneId=zone, **more)["ResourceRecordSets"]
        return [(each["Name"], each["Type"], each.get("SetIdentifier")) for each in found if each["Type"] not in ("NS", "SOA")]

    def test_a_reference_makes_one_zone_and_is_not_used_again(self):
        zone = self.zone()
        with refused("HostedZoneAlreadyExists"):
            self.zone()
        self.dns.delete_hosted_zone(Id=zone)
        with refused("HostedZoneAlreadyExists"):
            self.zone()
        self.zone(reference="two")

    def test_a_batch_is_one_change(self):
        zone = self.zone()
        self.change(zone, ("CREATE", record("a.example.com")))
        with refused("InvalidChangeBatch"):
            self.change(zone, ("CREATE", record("b.example.com")), ("CREATE", record("A.example.com.")))
        self.assertEqual(self.records(zone), [("a.example.com.", "A", None)])
        self.change(zone, ("DELETE", record("a.example.com")), ("CREATE", record("a.example.com", TTL=5)))
        with refused("InvalidChangeBatch"):
            self.change(zone, ("DELETE", record("a.example.com")))
        self.change(zone, ("DELETE", record("a.example.com", TTL=5)))
        with refused("InvalidChangeBatch"):
            self.change(zone, ("DELETE", record("a.example.com", TTL=5)))
        self.assertEqual(self.records(zone), [])

    def test_what_stands_beside_what(self):
        zone = self.zone()
        self.change(zone, ("CREATE", record("a.example.com", SetIdentifier="x", Weight=1)))
        self.change(zone, ("CREATE", record("a.example.com", SetIdentifier="y", Weight=0)))
        with refused("InvalidChangeBatch"):
            self.change(zone, ("CREATE", record("a.example.com")))
        with refused("InvalidChangeBatch"):
            self.change(zone, ("CREATE", record("a.example.com", SetIdentifier="z", Region="eu-west-3")))
        with refused("InvalidChangeBatch"):
            self.change(zone, ("CREATE", record("a.example.com", "CNAME")))
        with refused("InvalidChangeBatch"):
            self.change(zone, ("CREATE", record("other.org")))
        self.change(
            zone,
            ("DELETE", record("a.example.com", SetIdentifier="x", Weight=1)),
            ("DELETE", record("a.example.com", SetIdentifier="y", Weight=0)),
            ("CREATE", record("a.example.com", "CNAME")),
        )
        self.assertEqual(self.records(zone), [("a.example.com.", "CNAME", None)])

    def test_texts_are_quoted_and_short(self):
        zone = self.zone()
        for text in ("plain", '"' + "x" * 256 + '"'):
            with refused("InvalidChangeBatch"):
                self.change(zone, ("CREATE", record("a.example.com", "TXT", ResourceRecords=[{"Value": text}])))
        two = '"' + "x" * 255 + '" "y \\"z\\""'
        self.change(zone, ("CREATE", record("a.example.com", "TXT", ResourceRecords=[{"Value": two}])))

    def test_pages_and_wildcards(self):
        zone = self.zone()
        for place in range(3):
            self.change(zone, ("CREATE", record("*.example.com", SetIdentifier=str(place), Weight=1)))
        found, more = [], {}
        while True:
            page = self.dns.list_resource_record_sets(HostedZoneId=zone, MaxItems="1", **more)
            found += [(each["Name"], each["Type"], each.get("SetIdentifier")) for each in page["ResourceRecordSets"]]
            if not page["IsTruncated"]:
                break
            more = {"StartRecordName": page["NextRecordName"], "StartRecordType": page["NextRecordType"]}
            if "NextRecordIdentifier" in page:
                more["StartRecordIdentifier"] = page["NextRecordIdentifier"]
        wild = [("\\052.example.com.", "A", str(place)) for place in range(3)]
        self.assertEqual([each for each in found if each[1] == "A"], wild)
        self.assertEqual(len(found), 5)
        with refused("HostedZoneNotEmpty"):
            self.dns.delete_hosted_zone(Id=zone)

    def test_a_private_zone(self):
        ec2 = client("ec2", self.account)
        first, second = (ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(2))
        vpc = {"VPCRegion": "eu-west-3", "VPCId": first}
        zone = self.zone(VPC=vpc, HostedZoneConfig={"PrivateZone": True})
        with refused("ConflictingDomainExists"):
            self.zone(reference="two", VPC=vpc, HostedZoneConfig={"PrivateZone": True})
        with refused("LastVPCAssociation"):
            self.dns.disassociate_vpc_from_hosted_zone(HostedZoneId=zone, VPC=vpc)
        other = {"VPCRegion": "eu-west-3", "VPCId": second}
        with refused("VPCAssociationNotFound"):
            self.dns.disassociate_vpc_from_hosted_zone(HostedZoneId=zone, VPC=other)
        self.dns.associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC=other)
        self.dns.disassociate_vpc_from_hosted_zone(HostedZoneId=zone, VPC=vpc)
        self.assertEqual(self.dns.get_hosted_zone(Id=zone)["VPCs"], [other])

    def test_tags_are_shown_in_one_region(self):
        zone = self.zone()
        tags = [{"Key": "a", "Value": "b"}]
        self.dns.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone, AddTags=tags)

        def swept(region):
            api = client("resourcegroupstaggingapi", self.account, region)
            return [each["ResourceARN"] for each in api.get_resources()["ResourceTagMappingList"]]

        self.assertEqual(until(lambda: swept("us-east-1")), [f"arn:aws:route53:::hostedzone/{zone}"])
        self.assertEqual(swept("eu-west-3"), [])
        found = self.dns.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[zone])
        self.assertEqual(found["ResourceTagSets"][0]["Tags"], tags)

    def check(self, reference="one", **more):
        config = {"Type": "HTTPS", "FullyQualifiedDomainName": "www.example.com", **more}
        config = {name: value for name, value in config.items() if value is not None}
        return self.dns.create_health_check(CallerReference=reference, HealthCheckConfig=config)["HealthCheck"]

    def config(self, identity):
        return self.dns.get_health_check(HealthCheckId=identity)["HealthCheck"]["HealthCheckConfig"]

    def test_a_reference_makes_one_health_check(self):
        made = self.check()
        self.assertEqual(self.check()["Id"], made["Id"])
        with refused("HealthCheckAlreadyExists"):
            self.check(Port=8443)
        self.dns.delete_health_check(HealthCheckId=made["Id"])
        with refused("HealthCheckAlreadyExists"):
            self.check()
        with refused("NoSuchHealthCheck"):
            self.dns.delete_health_check(HealthCheckId=made["Id"])

    def test_a_health_check_is_changed(self):
        identity = self.check(ResourcePath="/up", Port=443)["Id"]
        self.assertTrue(self.config(identity)["EnableSNI"])
        self.dns.update_health_check(HealthCheckId=identity, FailureThreshold=5, Inverted=True, ResetElements=["ResourcePath"])
        found = self.config(identity)
        self.assertEqual((found["FailureThreshold"], found["Inverted"], found["Port"]), (5, True, 443))
        self.assertNotIn("ResourcePath", found)
        with refused("InvalidInput"):
            self.dns.update_health_check(HealthCheckId=identity, IPAddress="192.0.2.1")

    def test_other_health_checks(self):
        first = self.check()["Id"]
        nothing = {"FullyQualifiedDomainName": None}
        both = self.check("two", Type="CALCULATED", ChildHealthChecks=[first], HealthThreshold=1, **nothing)["Id"]
        self.assertEqual(self.config(both)["ChildHealthChecks"], [first])
        with refused("InvalidInput"):
            self.check("three", Type="CLOUDWATCH_METRIC", **nothing)
        alarm = {"Region": "eu-west-3", "Name": "errors"}
        metric = self.check(
            "four", Type="CLOUDWATCH_METRIC", AlarmIdentifier=alarm, InsufficientDataHealthStatus="Unhealthy", **nothing
        )["Id"]
        self.assertEqual(self.config(metric)["AlarmIdentifier"], alarm)


if __name__ == "__main__":
    unittest.main()
