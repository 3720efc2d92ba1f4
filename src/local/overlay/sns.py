"""SNS: attributes that moto stores and does not show, and subscriptions that wait for their owner's consent."""

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend
from moto.sns.responses import SNSResponse

from patch import around

SHOWN = {
    "SignatureVersion": "signature_version",
    "TracingConfig": "tracing_config",
    "ArchivePolicy": "archive_policy",
    "FifoThroughputScope": "fifo_throughput_scope",
}
# Their owner has to follow a link before anything is delivered.
ASKING = {"email", "email-json", "http", "https"}


@around(SNSBackend)
def create_topic(inner, self, name, attributes=None, tags=None):
    """The same again is answered with the topic that there is; anything else is refused."""
    found = self.topics.get(f"arn:{self.partition}:sns:{self.region_name}:{self.account_id}:{name}")
    if found is not None:
        for key, value in (attributes or {}).items():
            if str(getattr(found, camelcase_to_underscores(key), None)) != str(value):
                raise SNSInvalidParameter(
                    "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
                )
        if any(found._tags.get(key) != value for key, value in (tags or {}).items()):
            raise SNSInvalidParameter("Invalid parameter: Tags Reason: Topic already exists with different tags")
    return inner(self, name, attributes, tags)


@around(SNSResponse)
def get_topic_attributes(inner, self):
    answer = inner(self)
    topic = self.backend.get_topic(self._get_param("TopicArn"))
    for name, attribute in SHOWN.items():
        if getattr(topic, attribute, None):
            answer.result["Attributes"][name] = getattr(topic, attribute)
    return answer


@around(SNSBackend)
def subscribe(inner, self, topic_arn, endpoint, protocol):
    subscription = inner(self, topic_arn, endpoint, protocol)
    if protocol in ASKING and not subscription.confirmed:
        subscription.attributes["PendingConfirmation"] = True
        subscription.attributes["ConfirmationWasAuthenticated"] = False
    return subscription


@around(SNSResponse, "subscribe")
def answer_subscribe(inner, self):
    answer = inner(self)
    pending = is_pending(self.backend.subscriptions[answer.result["SubscriptionArn"]])
    if pending and str(self._get_param("ReturnSubscriptionArn")).lower() != "true":
        return ActionResult({"SubscriptionArn": "pending confirmation"})
    return answer


@around(SNSResponse)
def list_subscriptions(inner, self):
    return listed(inner(self))


@around(SNSResponse)
def list_subscriptions_by_topic(inner, self):
    return listed(inner(self))


def listed(answer):
    """A list says `PendingConfirmation` where the ARN would stand."""
    return ActionResult({
        "Subscriptions": [
            {
                "SubscriptionArn": "PendingConfirmation" if is_pending(each) else each.arn,
                "Owner": each.owner,
                "Protocol": each.protocol,
                "Endpoint": each.endpoint,
                "TopicArn": each.topic_arn,
            }
            for each in answer.result["Subscriptions"]
        ],
        "NextToken": answer.result["NextToken"],
    })


def is_pending(subscription):
    return subscription.attributes.get("PendingConfirmation") in (True, "true")
