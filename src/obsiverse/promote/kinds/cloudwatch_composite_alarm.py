"""CloudWatch alarms on other alarms.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.kinds import cloudwatch_alarm
from obsiverse.promote.prices import COMPOSITE_ALARM_PER_MONTH, HOURS_PER_MONTH, Prices
from obsiverse.promote.resource import Resource
from obsiverse.promote.source import Source

NAME = "cloudwatch-composite-alarm"
MEMBERS = (
    "AlarmRule", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions",
    "ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod",
)  # fmt: skip
"""What DescribeAlarms tells of one that PutCompositeAlarm takes."""
_ALARM = r'\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"(),]+))\s*'
_STATE = re.compile(rf"\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\({_ALARM}\)")
_AT_LEAST = re.compile(r"\bAT_LEAST\s*\([^,()]+,[^,()]+,\s*\((?P<alarms>(?:[^()\"]|\"[^\"]*\")*)\)\s*\)")
_ONE = re.compile(_ALARM)


class CloudWatchCompositeAlarm(cloudwatch_alarm.Alarm):
    """A composite alarm, after the alarms that its rule names. Of its actions only topics are taken along."""

    name = NAME
    answered, put = "CompositeAlarms", "put_composite_alarm"
    actions = (
        "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource",
        "cloudwatch:PutCompositeAlarm", "cloudwatch:TagResource",
    )  # fmt: skip

    @staticmethod
    def normalized(alarm: dict[str, Any]) -> dict[str, Any]:
        return {name: alarm[name] for name in MEMBERS if alarm.get(name) not in (None, [], "")}

    def desired(self, source: Source) -> Iterable[Resource]:
        alarms = cloudwatch_alarm.chosen(source)
        for name, alarm in alarms.items():
            if "AlarmRule" not in alarm:
                continue
            properties = self.normalized(alarm)
            named = [*watched(properties["AlarmRule"]), properties.get("ActionsSuppressor", "")]
            children = {_name(one) for one in named if one}
            if left := sorted(children - alarms.keys()):
                raise PromoteError(
                    f"alarm {name} is made of {', '.join(left)}, which promote.alarms leaves out, or is not there",
                    "Add those to promote.alarms of the target's file, or leave this one out.",
                )
            moved = source.retargeted(properties)
            moved["AlarmRule"] = retargeted(source, properties["AlarmRule"])
            after = cloudwatch_alarm.keep_topics(source, moved) | {_key(alarms[child]) for child in children}
            yield Resource(self.name, name, self.normalized(moved), after=after)

    def cost(self, resource: Resource, prices: Prices) -> float:
        return COMPOSITE_ALARM_PER_MONTH / HOURS_PER_MONTH


def watched(rule: str) -> Iterator[str]:
    """The names and ARNs of the alarms in a rule, as they stand there."""
    for found in _STATE.finditer(rule):
        yield found["quoted"] if found["quoted"] is not None else found["bare"]
    for several in _AT_LEAST.finditer(rule):
        for found in _ONE.finditer(several["alarms"]):
            yield found["quoted"] if found["quoted"] is not None else found["bare"]


def retargeted(source: Source, rule: str) -> str:
    """A rule with the ARNs in it moved to the target; names stay."""
    moved = rule
    for one in sorted({*watched(rule)}, key=len, reverse=True):
        if one.startswith("arn:"):
            moved = moved.replace(one, source.retargeted(one))
    return moved


def _name(alarm: str) -> str:
    return alarm.partition(":alarm:")[2] if alarm.startswith("arn:") else alarm


def _key(alarm: dict[str, Any]) -> str:
    kind = NAME if "AlarmRule" in alarm else cloudwatch_alarm.NAME
    return f"{kind}/{alarm['AlarmName']}"
