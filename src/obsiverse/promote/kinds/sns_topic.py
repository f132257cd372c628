"""SNS topics: that of alerts, and this machine's own.

https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-receiver-AWSpermission.html says what Managed Prometheus needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from obsiverse.promote.faults import is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import amp_workspace
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source, pages
from obsiverse.targets.models import Promotion

NAME = "sns-topic"


def alerts(promotion: Promotion) -> str:
    """The name of the topic that alerts and alarms go to."""
    return f"{promotion.name}-alerts"


class SnsTopic(Kind):
    """A topic with its policy. FIFO topics are left out: alarms and Managed Prometheus can't publish to them."""

    name = NAME
    actions = (
        "sns:CreateTopic", "sns:DeleteTopic", "sns:GetTopicAttributes", "sns:ListTagsForResource", "sns:ListTopics",
        "sns:SetTopicAttributes", "sns:TagResource",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        promotion = source.promotion
        listed = pages(source.local.client("sns"), "list_topics", "Topics") if promotion.topics else ()
        names = [one["TopicArn"].rpartition(":")[2] for one in listed]
        mine = alerts(promotion)
        workspace = f"{amp_workspace.NAME}/{promotion.name}"
        yield Resource(self.name, mine, {"policy": _policy(source, mine, Ref(workspace, "arn"))})
        for name in source.chosen([one for one in names if not one.endswith(".fifo")], promotion.topics):
            if name != mine:
                yield Resource(self.name, name, {"policy": _policy(source, name, None)})

    def read(self, place: Place, resource: Resource) -> Found | None:
        sns, arn = place.client("sns"), place.arn("sns", resource.name)
        try:
            attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
            tags = sns.list_tags_for_resource(ResourceArn=arn)["Tags"]
        except Exception as error:
            if is_missing(error):
                return None
            raise
        policy = json.loads(attributes.get("Policy") or "{}")
        return Found({"policy": policy}, {"arn": arn}, ours=place.is_ours(tags))

    def create(self, place: Place, resource: Resource) -> None:
        place.client("sns").create_topic(Name=resource.name, Tags=place.tag_list)
        self._set(place, resource)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self._set(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        place.client("sns").delete_topic(TopicArn=place.arn("sns", resource.name))

    def _set(self, place: Place, resource: Resource) -> None:
        place.client("sns").set_topic_attributes(
            TopicArn=place.arn("sns", resource.name),
            AttributeName="Policy",
            AttributeValue=json.dumps(resource.properties["policy"]),
        )


def _policy(source: Source, topic: str, workspace: Ref | None) -> dict[str, Any]:
    """Who may publish: CloudWatch's alarms, EventBridge's rules and, on the topic of alerts, the workspace's Alertmanager."""
    arn, account = source.arn("sns", topic), source.target.account
    of_account = {"StringEquals": {"aws:SourceAccount": account}}
    statements = [
        _allowed("alarms", "cloudwatch.amazonaws.com", ["sns:Publish"], arn, of_account),
        _allowed("events", "events.amazonaws.com", ["sns:Publish"], arn, of_account),
    ]
    if workspace:
        condition = {"ArnEquals": {"aws:SourceArn": workspace}, **of_account}
        publish = ["sns:Publish", "sns:GetTopicAttributes"]
        statements.append(_allowed("alertmanager", "aps.amazonaws.com", publish, arn, condition))
    return {"Version": "2012-10-17", "Statement": statements}


def _allowed(
    identity: str, service: str, actions: list[str], resource: str, condition: dict[str, Any]
) -> dict[str, Any]:
    return {
        "Sid": identity,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": actions,
        "Resource": resource,
        "Condition": condition,
    }
