"""Budgets: what changes, who is told, what is refused."""

import unittest

from support import client, new_account, refused

LIMIT = {"Amount": "100", "Unit": "USD"}
BUDGET = {"BudgetName": "costs", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": LIMIT}
MOST = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
MAIL = {"SubscriptionType": "EMAIL", "Address": "a@example.com"}


class Budgets(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.budgets = client("budgets", self.account)
        self.of = {"AccountId": self.account, "BudgetName": "costs"}
        self.arn = f"arn:aws:budgets::{self.account}:budget/costs"

    def make(self, **more):
        self.budgets.create_budget(AccountId=self.account, Budget={**BUDGET, **more.pop("budget", {})}, **more)

    def told(self, notification=MOST):
        found = self.budgets.describe_subscribers_for_notification(**self.of, Notification=notification)
        return [each["Address"] for each in found["Subscribers"]]

    def alerts(self):
        found = self.budgets.describe_notifications_for_budget(**self.of)["Notifications"]
        return [each["Threshold"] for each in found]

    def test_a_budget_is_made_with_alerts_and_tags_and_changed(self):
        alerts = [{"Notification": MOST, "Subscribers": [MAIL]}]
        self.make(NotificationsWithSubscribers=alerts, ResourceTags=[{"Key": "a", "Value": "b"}])
        self.assertEqual((self.alerts(), self.told()), ([80.0], ["a@example.com"]))
        with refused("DuplicateRecordException"):
            self.make()
        self.budgets.update_budget(AccountId=self.account, NewBudget={**BUDGET, "TimeUnit": "DAILY"})
        found = self.budgets.describe_budget(**self.of)["Budget"]
        self.assertEqual((found["TimeUnit"], found["BudgetLimit"]["Amount"]), ("DAILY", "100.0"))
        self.assertEqual(self.alerts(), [80.0])
        tags = self.budgets.list_tags_for_resource(ResourceARN=self.arn)["ResourceTags"]
        self.assertEqual(tags, [{"Key": "a", "Value": "b"}])
        self.budgets.delete_budget(**self.of)
        with refused("NotFoundException"):
            self.budgets.list_tags_for_resource(ResourceARN=self.arn)

    def test_filters_are_of_one_sort_and_shown_when_asked(self):
        filters = {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon Simple Storage Service"]}}
        with refused("InvalidParameterException"):
            self.make(budget={"FilterExpression": filters, "CostFilters": {}})
        with refused("InvalidParameterException"):
            self.make(budget={"FilterExpression": filters})
        self.make(budget={"FilterExpression": filters, "Metrics": ["UnblendedCost"]})
        listed = self.budgets.describe_budgets(AccountId=self.account)["Budgets"][0]
        self.assertNotIn("FilterExpression", listed)
        shown = self.budgets.describe_budgets(AccountId=self.account, ShowFilterExpression=True)["Budgets"][0]
        self.assertEqual(shown["FilterExpression"], filters)

    def test_who_is_told(self):
        self.make()
        with refused("NotFoundException"):
            self.told()
        self.budgets.create_notification(**self.of, Notification=MOST, Subscribers=[MAIL])
        with refused("DuplicateRecordException"):
            self.budgets.create_notification(**self.of, Notification=MOST, Subscribers=[MAIL])
        topic = {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:eu-west-3:{self.account}:a"}
        self.budgets.create_subscriber(**self.of, Notification=MOST, Subscriber=topic)
        with refused("InvalidParameterException"):
            other = {**topic, "Address": topic["Address"] + "b"}
            self.budgets.create_subscriber(**self.of, Notification=MOST, Subscriber=other)
        self.budgets.delete_subscriber(**self.of, Notification=MOST, Subscriber=topic)
        self.budgets.delete_subscriber(**self.of, Notification=MOST, Subscriber=MAIL)
        self.assertEqual(self.alerts(), [])

    def test_five_alerts_are_all(self):
        alerts = [{"Notification": {**MOST, "Threshold": 10.0 * n}, "Subscribers": [MAIL]} for n in range(1, 6)]
        self.make(NotificationsWithSubscribers=alerts)
        with refused("CreationLimitExceededException"):
            self.budgets.create_notification(**self.of, Notification=MOST, Subscribers=[MAIL])


if __name__ == "__main__":
    unittest.main()
