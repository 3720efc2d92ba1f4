"""Budgets: their changes, filters, alerts with who is told, and tags."""

from moto.budgets.responses import BudgetsResponse
from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time
from moto.utilities.tagging_service import TaggingService

from own import operations, page

operation = operations(BudgetsResponse, lambda response: response.backend)
# What a budget has of filters: one pair or the other.
OLD, NEW = {"CostFilters", "CostTypes"}, {"FilterExpression", "Metrics"}
MOST_ALERTS, MOST_MAILS = 5, 10
END = 3706473600  # 2087-06-15


class Row:
    """A budget: what was asked, its alerts as pairs of a notification and who is told."""

    def __init__(self, asked):
        self.alerts = []
        self.fill(asked)

    def fill(self, asked):
        limit = asked.get("BudgetLimit")
        if not (limit or asked.get("PlannedBudgetLimits") or asked.get("AutoAdjustData")):
            refuse("Unable to create/update budget - please provide one of the followings: Budget Limit/ Planned Budget "
                   "Limit/ Auto Adjust Data")
        if OLD & set(asked) and NEW & set(asked):
            refuse("Either FilterExpression and Metrics or CostFilters and CostTypes, not both.")
        if asked.get("FilterExpression") and not asked.get("Metrics"):
            refuse("FilterExpression needs Metrics.")
        if limit:
            asked = {**asked, "BudgetLimit": {**limit, "Amount": str(float(limit["Amount"]))}}
        spent = {"ActualSpend": {"Amount": "0.0", "Unit": "USD"}}
        period = {"Start": unix_time() // 86400 * 86400, "End": END}
        self.shown = {"TimePeriod": period, "CalculatedSpend": spent, **asked, "LastUpdatedTime": unix_time()}

    def show(self, with_filter):
        return {key: value for key, value in self.shown.items() if with_filter or key != "FilterExpression"}

    def alert(self, wanted):
        wanted = identity(wanted)
        found = [each for each in self.alerts if identity(each[0]) == wanted]
        if not found:
            raise error("NotFoundException", "Unable to find notification - the notification doesn't exist.")
        return found[0]

    def add(self, notification, told):
        if any(identity(each[0]) == identity(notification) for each in self.alerts):
            raise error("DuplicateRecordException", "Error creating notification - the notification already exists.")
        if len(self.alerts) >= MOST_ALERTS:
            raise error("CreationLimitExceededException", "The budget has as many notifications as it can have.")
        check(told)
        self.alerts.append((notification, list(told)))


def identity(notification):
    threshold = notification.get("ThresholdType", "PERCENTAGE"), float(notification["Threshold"])
    return notification["NotificationType"], notification["ComparisonOperator"], *threshold


def check(told):
    topics = [each for each in told if each["SubscriptionType"] == "SNS"]
    if not told or len(topics) > 1 or len(told) - len(topics) > MOST_MAILS:
        refuse("A notification has between one and eleven subscribers, of which one can be a topic.")


def error(code, message):
    return JsonRESTError(code, message)


def refuse(message):
    raise error("InvalidParameterException", message)


def rows(backend):
    return backend.__dict__.setdefault("rows", {})


def tagger(backend):
    return backend.__dict__.setdefault("tagger", TaggingService())


def row(backend, params):
    found = rows(backend).get(params["BudgetName"])
    if found is None:
        raise error("NotFoundException", f"Unable to get budget: {params['BudgetName']} - the budget doesn't exist.")
    return found


def arn_of(backend, name):
    return f"arn:{backend.partition}:budgets::{backend.account_id}:budget/{name}"


@operation
def create_budget(backend, params):
    asked = params["Budget"]
    name = asked["BudgetName"]
    if name in rows(backend):
        raise error("DuplicateRecordException", f"Error creating budget: {name} - the budget already exists.")
    made = Row(asked)
    for each in params.get("NotificationsWithSubscribers") or []:
        made.add(each["Notification"], each["Subscribers"])
    rows(backend)[name] = made
    tagger(backend).tag_resource(arn_of(backend, name), params.get("ResourceTags") or [])


@operation
def update_budget(backend, params):
    asked = params["NewBudget"]
    row(backend, asked).fill(asked)


@operation
def describe_budget(backend, params):
    return {"Budget": row(backend, params).show(params.get("ShowFilterExpression"))}


@operation
def describe_budgets(backend, params):
    all_rows = [each.show(params.get("ShowFilterExpression")) for each in list(rows(backend).values())]
    return page(all_rows, params, "Budgets", most=100)


@operation
def delete_budget(backend, params):
    row(backend, params)
    del rows(backend)[params["BudgetName"]]
    tagger(backend).delete_all_tags_for_resource(arn_of(backend, params["BudgetName"]))


@operation
def create_notification(backend, params):
    row(backend, params).add(params["Notification"], params["Subscribers"])


@operation
def delete_notification(backend, params):
    found = row(backend, params)
    found.alerts.remove(found.alert(params["Notification"]))


@operation
def describe_notifications_for_budget(backend, params):
    alerts = [{"NotificationState": "OK", "ThresholdType": "PERCENTAGE", **each[0]} for each in row(backend, params).alerts]
    return page(alerts, params, "Notifications", most=100)


@operation
def describe_subscribers_for_notification(backend, params):
    return page(row(backend, params).alert(params["Notification"])[1], params, "Subscribers", most=100)


@operation
def create_subscriber(backend, params):
    told, new = row(backend, params).alert(params["Notification"])[1], params["Subscriber"]
    if new in told:
        raise error("DuplicateRecordException", "Error creating subscriber - the subscriber already exists.")
    check([*told, new])
    told.append(new)


@operation
def delete_subscriber(backend, params):
    """The last one takes the notification with it."""
    found = row(backend, params)
    alert = found.alert(params["Notification"])
    if params["Subscriber"] not in alert[1]:
        raise error("NotFoundException", "Unable to delete subscriber - the subscriber doesn't exist.")
    alert[1].remove(params["Subscriber"])
    if not alert[1]:
        found.alerts.remove(alert)


def known(backend, params):
    arn = params["ResourceARN"]
    row(backend, {"BudgetName": arn.partition(":budget/")[2]})
    return arn


@operation
def list_tags_for_resource(backend, params):
    tags = tagger(backend).get_tag_dict_for_resource(known(backend, params))
    return {"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@operation
def tag_resource(backend, params):
    tagger(backend).tag_resource(known(backend, params), params["ResourceTags"])


@operation
def untag_resource(backend, params):
    tagger(backend).untag_resource_using_names(known(backend, params), params["ResourceTagKeys"])


def names(backend):
    """For the census."""
    return list(rows(backend))
