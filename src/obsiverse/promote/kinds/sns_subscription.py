"""SNS subscriptions to the topic of alerts: promote.notifications of the target's file.

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html. Who gets mail or HTTP must confirm first: until then AWS gives no ARN.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import sns_topic
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages

PENDING = "PendingConfirmation"


class SnsSubscription(Kind):
    """A subscription. Named by a digest: an address may be a secret."""

    name = "sns-subscription"
    shared = True
    actions = ("sns:ListSubscriptionsByTopic", "sns:Subscribe", "sns:Unsubscribe")

    def desired(self, source: Source) -> Iterable[Resource]:
        topic = sns_topic.alerts(source.promotion)
        for one in source.promotion.notifications:
            digest = hashlib.sha256(one.endpoint.encode()).hexdigest()[:8]
            properties = {"topic": source.arn("sns", topic), "protocol": one.protocol, "endpoint": one.endpoint}
            yield Resource(self.name, f"{one.protocol}-{digest}", properties, parent=f"{sns_topic.NAME}/{topic}")

    def read(self, place: Place, resource: Resource) -> Found | None:
        wanted = resource.properties
        digest = resource.name.rpartition("-")[2]
        listed = pages(place.client("sns"), "list_subscriptions_by_topic", "Subscriptions", TopicArn=wanted["topic"])
        for one in listed:
            # By the digest, since a rollback has the address from the journal, where it may be hidden.
            same = hashlib.sha256(str(one["Endpoint"]).encode()).hexdigest()[:8] == digest
            if one["Protocol"] == wanted["protocol"] and same:
                pending = one["SubscriptionArn"] == PENDING
                note = "waits for its confirmation by who gets it" if pending else ""
                return Found(dict(wanted), {"arn": one["SubscriptionArn"]}, note=note)
        return None

    def create(self, place: Place, resource: Resource) -> None:
        wanted = resource.properties
        place.client("sns").subscribe(
            TopicArn=wanted["topic"], Protocol=wanted["protocol"], Endpoint=wanted["endpoint"]
        )

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        """Nothing of a subscription can differ: its name is what it is."""

    def delete(self, place: Place, resource: Resource) -> None:
        found = self.read(place, resource)
        if found and found.attributes["arn"] != PENDING:
            place.client("sns").unsubscribe(SubscriptionArn=found.attributes["arn"])
