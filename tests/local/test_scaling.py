"""Application Auto Scaling: targets, and what goes with them."""

import unittest

from support import client, new_account, refused, until

TABLE = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/orders",
    "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
}
STEPS = {
    "AdjustmentType": "ChangeInCapacity",
    "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
}


class Scaling(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.scaling = client("application-autoscaling", self.account)

    def register(self, place=TABLE, **more):
        given = {"MinCapacity": 1, "MaxCapacity": 4, **more}
        return self.scaling.register_scalable_target(**place, **given)["ScalableTargetARN"]

    def targets(self, **more):
        return self.scaling.describe_scalable_targets(ServiceNamespace="dynamodb", **more)["ScalableTargets"]

    def policies(self):
        return self.scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"]

    def put(self, place=TABLE, name="busy", **more):
        given = more or {"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": STEPS}
        return self.scaling.put_scaling_policy(PolicyName=name, **place, **given)["PolicyARN"]

    def test_a_target_is_registered_and_changed(self):
        arn = self.register(Tags={"a": "b"})
        self.assertEqual(self.register(MaxCapacity=6, SuspendedState={"DynamicScalingInSuspended": True}), arn)
        (found,) = self.targets()
        self.assertEqual((found["MaxCapacity"], found["ScalableTargetARN"]), (6, arn))
        suspended = {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False}
        self.assertEqual(found["SuspendedState"], {**suspended, "ScheduledScalingSuspended": False})

    def test_tags(self):
        arn = self.register(Tags={"a": "b"})
        self.scaling.tag_resource(ResourceARN=arn, Tags={"c": "d"})
        self.scaling.untag_resource(ResourceARN=arn, TagKeys=["a"])
        self.assertEqual(self.scaling.list_tags_for_resource(ResourceARN=arn)["Tags"], {"c": "d"})
        tagging = client("resourcegroupstaggingapi", self.account)

        def tagged():
            rows = tagging.get_resources(TagFilters=[{"Key": "c"}])["ResourceTagMappingList"]
            return [row["ResourceARN"] for row in rows] == [arn]

        until(tagged)
        with refused("ResourceNotFoundException"):
            self.scaling.list_tags_for_resource(ResourceARN=f"{arn}0")

    def test_a_policy_needs_a_target_and_keeps_its_arn(self):
        with refused("ObjectNotFoundException"):
            self.put()
        self.register()
        arn = self.put()
        changed = {**STEPS, "Cooldown": 60}
        again = self.put(PolicyType="StepScaling", StepScalingPolicyConfiguration=changed)
        self.assertEqual(again, arn)
        (found,) = self.policies()
        self.assertEqual(found["StepScalingPolicyConfiguration"]["Cooldown"], 60)
        with refused("ValidationException"):
            tracking = {"TargetValue": 60}
            self.put(PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=tracking)

    def test_an_id_is_a_whole_id(self):
        longer = {**TABLE, "ResourceId": "table/orders2"}
        for place in (TABLE, longer):
            self.register(place)
            self.put(place)
        found = self.scaling.describe_scaling_policies(ServiceNamespace="dynamodb", ResourceId="table/orders2")
        self.assertEqual([each["ResourceId"] for each in found["ScalingPolicies"]], ["table/orders2"])

    def test_a_target_takes_along_what_it_has(self):
        self.register()
        self.put()
        action = {"Schedule": "cron(0 7 * * ? *)", "ScalableTargetAction": {"MinCapacity": 2}}
        self.scaling.put_scheduled_action(ScheduledActionName="morning", **TABLE, **action)
        self.scaling.deregister_scalable_target(**TABLE)
        self.assertEqual((self.targets(), self.policies()), ([], []))
        actions = self.scaling.describe_scheduled_actions(ServiceNamespace="dynamodb")
        self.assertEqual(actions["ScheduledActions"], [])
        with refused("ObjectNotFoundException"):
            self.scaling.deregister_scalable_target(**TABLE)

    def test_pages(self):
        for number in range(5):
            self.register({**TABLE, "ResourceId": f"table/{number}"})
        pages = self.scaling.get_paginator("describe_scalable_targets")
        pages = list(pages.paginate(ServiceNamespace="dynamodb", PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(page["ScalableTargets"]) for page in pages], [2, 2, 1])

    def test_every_namespace_can_be_listed(self):
        for namespace in ("elasticache", "neptune", "workspaces"):
            self.assertEqual(self.scaling.describe_scalable_targets(ServiceNamespace=namespace)["ScalableTargets"], [])
        with refused("ValidationException"):
            self.scaling.describe_scalable_targets(ServiceNamespace="other")


if __name__ == "__main__":
    unittest.main()
