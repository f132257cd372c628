"""CloudWatch alarms: this machine's, with their topics in the target.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, ClassVar

from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import sns_topic
from obsiverse.promote.place import Place
from obsiverse.promote.prices import ALARM_PER_MONTH, HOURS_PER_MONTH, Prices
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages

NAME = "cloudwatch-alarm"
MEMBERS = (
    "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions", "MetricName",
    "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods",
    "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile",
    "Metrics", "ThresholdMetricId",
)  # fmt: skip
"""What DescribeAlarms tells of an alarm that PutMetricAlarm takes."""
SCALING = "TargetTracking-"
"""How the names of Application Auto Scaling's own alarms begin."""


class Alarm(Kind):
    """What both kinds of alarms have in common.

    Attributes:
        answered: member of DescribeAlarms's answer that has them; without its last letter, their type.
        put: what makes and changes one.
    """

    answered: ClassVar[str]
    put: ClassVar[str]

    @staticmethod
    @abstractmethod
    def normalized(alarm: dict[str, Any]) -> dict[str, Any]:
        """What is said of an alarm, without what says nothing."""

    def read(self, place: Place, resource: Resource) -> Found | None:
        cloudwatch = place.client("cloudwatch")
        found = cloudwatch.describe_alarms(AlarmNames=[resource.name], AlarmTypes=[self.answered[:-1]])[self.answered]
        if not found:
            return None
        arn = found[0]["AlarmArn"]
        tags = cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]
        return Found(self.normalized(found[0]), {"arn": arn}, ours=place.is_ours(tags))

    def create(self, place: Place, resource: Resource) -> None:
        put = getattr(place.client("cloudwatch"), self.put)
        put(AlarmName=resource.name, **resource.properties, Tags=place.tag_list)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        getattr(place.client("cloudwatch"), self.put)(AlarmName=resource.name, **resource.properties)

    def delete(self, place: Place, resource: Resource) -> None:
        place.client("cloudwatch").delete_alarms(AlarmNames=[resource.name])


class CloudWatchAlarm(Alarm):
    """A metric alarm. Of its actions only topics are taken along."""

    name = NAME
    answered, put = "MetricAlarms", "put_metric_alarm"
    actions = (
        "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource",
        "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource",
    )  # fmt: skip

    @staticmethod
    def normalized(alarm: dict[str, Any]) -> dict[str, Any]:
        return normalized(alarm)

    def desired(self, source: Source) -> Iterable[Resource]:
        for name, alarm in chosen(source).items():
            if "AlarmRule" not in alarm:
                properties = source.retargeted(normalized(alarm))
                after = keep_topics(source, properties)
                yield Resource(self.name, name, normalized(properties), after=after)

    def cost(self, resource: Resource, prices: Prices) -> float:
        return ALARM_PER_MONTH / HOURS_PER_MONTH


def chosen(source: Source) -> dict[str, dict[str, Any]]:
    """The promoted alarms of this machine by name, composite ones among them: DescribeAlarms's answers."""
    patterns = source.promotion.alarms
    if not patterns:
        return {}
    alarms: dict[str, dict[str, Any]] = {}
    types = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms"}
    for kind, member in types.items():
        listed = pages(source.local.client("cloudwatch"), "describe_alarms", member, AlarmTypes=[kind])
        alarms |= {one["AlarmName"]: one for one in listed if not one["AlarmName"].startswith(SCALING)}
    return {name: alarms[name] for name in source.chosen(list(alarms), patterns)}


def keep_topics(source: Source, properties: dict[str, Any]) -> frozenset[str]:
    """Take out the actions of an alarm that are no promoted topics; the keys of those that are left."""
    topics = set(source.chosen(_topics(source), source.promotion.topics)) | {sns_topic.alerts(source.promotion)}
    used: set[str] = set()
    for member in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        properties[member] = [one for one in properties.get(member, []) if one.rpartition(":")[2] in topics]
        used |= {one.rpartition(":")[2] for one in properties[member]}
    return frozenset(f"{sns_topic.NAME}/{topic}" for topic in used)


def normalized(alarm: dict[str, Any]) -> dict[str, Any]:
    """What is said of an alarm, without what says nothing."""
    found = {name: alarm[name] for name in MEMBERS if alarm.get(name) not in (None, [], "")}
    if found.get("TreatMissingData") == "missing":
        del found["TreatMissingData"]
    if "Dimensions" in found:
        found["Dimensions"] = _sorted(found["Dimensions"], "Name")
    if "Metrics" in found:
        found["Metrics"] = _sorted([_query(one) for one in found["Metrics"]], "Id")
    if found.get("DatapointsToAlarm") == found.get("EvaluationPeriods"):
        found.pop("DatapointsToAlarm", None)
    return found


def _query(query: dict[str, Any]) -> dict[str, Any]:
    dimensions = query.get("MetricStat", {}).get("Metric", {}).get("Dimensions")
    if not dimensions:
        return query
    statistic = query["MetricStat"]
    return {
        **query,
        "MetricStat": {**statistic, "Metric": {**statistic["Metric"], "Dimensions": _sorted(dimensions, "Name")}},
    }


def _sorted(given: list[dict[str, Any]], member: str) -> list[dict[str, Any]]:
    """In an order of our own: theirs says nothing."""
    return sorted(given, key=lambda one: one[member])


@lru_cache(maxsize=8)
def _topics(source: Source) -> list[str]:
    listed = pages(source.local.client("sns"), "list_topics", "Topics")
    return [one["TopicArn"].rpartition(":")[2] for one in listed if not one["TopicArn"].endswith(".fifo")]
