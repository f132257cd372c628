"""Log groups: those that the collector and endpoints write to and dashboards read, so that lines are not kept forever.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

from obsiverse.promote.kind import Kind
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages

NAME = "log-group"
COLLECTOR, STREAM = "/obsiverse/otlp", "collector"
"""As otel-collector/config.yaml names them: both must be there before it sends."""


class LogGroup(Kind):
    """A log group with its retention, and the stream that must be in it."""

    name = NAME
    shared = True
    actions = (
        "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy",
        "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutRetentionPolicy", "logs:TagResource",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        days = source.promotion.log_days
        yield Resource(self.name, COLLECTOR, {"days": days, "streams": [STREAM]})
        named = {group_of(endpoint["EndpointName"]) for endpoint in source.endpoints}
        for group in sorted((named | (_read(source) if source.promotion.grafana else set[str]())) - {COLLECTOR}):
            yield Resource(self.name, group, {"days": days, "streams": []})

    def read(self, place: Place, resource: Resource) -> Found | None:
        logs = place.client("logs")
        for one in pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=resource.name):
            if one["logGroupName"] == resource.name:
                return Found({"days": one.get("retentionInDays", 0), "streams": self._streams(logs, resource)})
        return None

    def create(self, place: Place, resource: Resource) -> None:
        place.client("logs").create_log_group(logGroupName=resource.name, tags=place.tags)
        self._complete(place, resource, [])

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self._complete(place, resource, found.properties["streams"])

    def delete(self, place: Place, resource: Resource) -> None:
        if self.read(place, resource):
            place.client("logs").delete_log_group(logGroupName=resource.name)

    def _streams(self, logs: Any, resource: Resource) -> list[str]:
        found: list[str] = []
        for name in resource.properties["streams"]:
            listed = logs.describe_log_streams(logGroupName=resource.name, logStreamNamePrefix=name)["logStreams"]
            found += [name for one in listed if one["logStreamName"] == name]
        return found

    def _complete(self, place: Place, resource: Resource, there: list[str]) -> None:
        logs, days = place.client("logs"), resource.properties["days"]
        if days:
            logs.put_retention_policy(logGroupName=resource.name, retentionInDays=days)
        else:
            logs.delete_retention_policy(logGroupName=resource.name)
        for stream in resource.properties["streams"]:
            if stream not in there:
                logs.create_log_stream(logGroupName=resource.name, logStreamName=stream)


def _read(source: Source) -> set[str]:
    """The groups that dashboards name: a query of one that is not there is an error."""
    found: set[str] = set()
    for file in (source.root / "grafana" / "dashboards").glob("*.json"):
        found |= {group for group in _groups(json.loads(file.read_text())) if "$" not in group}
    return found


def _groups(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in cast(dict[str, Any], value).items():
            if key == "logGroupNames":
                yield from one
            elif key == "logGroups":
                yield from (group["name"] for group in one)
            else:
                yield from _groups(one)
    elif isinstance(value, list):
        for one in cast(list[Any], value):
            yield from _groups(one)


def group_of(endpoint: str) -> str:
    """The log group that SageMaker gives an endpoint."""
    return f"/aws/sagemaker/Endpoints/{endpoint}"
