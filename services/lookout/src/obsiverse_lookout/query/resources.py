"""What a data source knows besides results: names for variables and editors, and whether it answers at all.

Paths are those of Grafana's plugins, behind /api/datasources/uid/:uid/resources/.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from obsiverse_lookout.data_sources import CLOUDWATCH, XRAY, DataSource
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.jsons import listing
from obsiverse_lookout.query import prometheus
from obsiverse_lookout.query.aws import Aws, region_named
from obsiverse_lookout.query.request import Query, QueryError
from obsiverse_lookout.query.sources import PROMETHEUS_TYPES, Sources
from obsiverse_lookout.query.time_range import TimeRange

# What reads and changes nothing; the rest of Prometheus's API is no viewer's.
READS = re.compile(
    r"api/v1/(query|query_range|query_exemplars|labels|label/[^/]+/values|series|metadata|rules|alerts|status/buildinfo)"
)
POSTS = re.compile(r"api/v1/(query|query_range|query_exemplars|labels|series)")
MOST_NAMES = 5000


async def prometheus_answer(
    sources: Sources, source: DataSource, method: str, path: str, query: str, body: bytes, content_type: str
) -> tuple[int, bytes, str]:
    """Status, body and content type of a Prometheus data source's own answer.

    Args:
        path: without the first slash, decoded.

    Raises:
        ApiError: 404, it is no path that reads; 502, it does not answer.
    """
    if not (READS if method == "GET" else POSTS).fullmatch(path):
        raise ApiError(404, f"{method} {path} is not passed on to {source.name}: only what reads is")
    try:
        return await sources.http.send(source, method, "/" + quote(path), query, body, content_type)
    except QueryError as error:
        raise ApiError(error.status, str(error)) from None


async def resource(sources: Sources, source: DataSource, path: str, asked: Mapping[str, str]) -> Any:
    """A resource of an AWS data source; raises ApiError 400, 404, or what AWS refuses it with."""
    known = {CLOUDWATCH: CLOUDWATCH_RESOURCES, XRAY: XRAY_RESOURCES}.get(source.type, NO_RESOURCES)
    if path not in known:
        raise ApiError(404, f"{source.type} has no resource {path!r}; there are {', '.join(known) or 'none'}")
    try:
        return await known[path](sources.aws, source, asked)
    except QueryError as error:
        raise ApiError(error.status, str(error)) from None


async def health(sources: Sources, source: DataSource) -> str:
    """What a data source that answers says of itself; raises QueryError for one that does not."""
    if source.type in PROMETHEUS_TYPES:
        now = round(time.time() * 1000)
        query = Query("health", {"expr": "1+1", "instant": True}, TimeRange(now - 1000, now))
        await sources.run(source, query)
        planned = prometheus.plan(source, query)
        return f"Successfully queried the Prometheus API ({planned.expr})."
    region = region_named(source, "")
    if source.type == CLOUDWATCH:
        await sources.aws.call(
            source, "cloudwatch", region, lambda client: client.list_metrics(Namespace="AWS/SageMaker")
        )
        await sources.aws.call(source, "logs", region, lambda client: client.describe_log_groups(limit=1))
        return "1. Successfully queried the CloudWatch metrics API.\n2. Successfully queried the CloudWatch logs API."
    await sources.aws.call(source, "xray", region, lambda client: client.get_groups())
    return "Successfully queried the X-Ray API."


def _required(asked: Mapping[str, str], name: str) -> str:
    if not (value := asked.get(name)):
        raise ApiError(400, f"{name} is required")
    return value


def _values(found: Iterable[Any]) -> list[dict[str, Any]]:
    return [{"value": each} for each in found]


def _metrics(
    asked: Callable[[Mapping[str, str]], dict[str, Any]], read: Callable[[dict[str, Any], Mapping[str, str]], Any]
) -> Any:
    """A resource that is read out of ListMetrics."""

    async def answer(aws: Aws, source: DataSource, given: Mapping[str, str]) -> Any:
        parameters = asked(given)

        def ask(client: Any) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = []
            for page in client.get_paginator("list_metrics").paginate(**parameters):
                found += page["Metrics"]
                if len(found) >= MOST_NAMES:
                    break
            return found

        metrics = await aws.call(source, "cloudwatch", region_named(source, given.get("region", "")), ask)
        values = {key: value for metric in metrics for key, value in read(metric, given)}
        return _values(values[key] for key in sorted(values))

    return answer


def _of_metric(given: Mapping[str, str]) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if given.get("namespace"):
        parameters["Namespace"] = given["namespace"]
    if given.get("metricName"):
        parameters["MetricName"] = given["metricName"]
    filters = given.get("dimensionFilters")
    if filters:
        parameters["Dimensions"] = _filters(filters)
    return parameters


def _filters(text: str) -> list[dict[str, str]]:
    try:
        read: Any = json.loads(text)
        items = read.items()
    except (ValueError, AttributeError):
        raise ApiError(400, 'dimensionFilters is a JSON object, such as {"EndpointName": "clinical"}') from None
    made: list[dict[str, str]] = []
    for name, value in items:
        values = listing(value) or [value]
        made += [{"Name": str(name)} | ({"Value": str(each)} if each not in ("*", None, "") else {}) for each in values]
    return made


async def _regions(_aws: Aws, source: DataSource, _asked: Mapping[str, str]) -> Any:
    from obsiverse_lookout.query.signing import session

    service = "cloudwatch" if source.type == CLOUDWATCH else "xray"
    names = set(session().get_available_regions(service)) | {region_named(source, "")}
    if source.type == CLOUDWATCH:
        return _values({"name": name} for name in sorted(names))
    return [{"label": name, "text": name, "value": name} for name in ("default", *sorted(names))]


async def _log_groups(aws: Aws, source: DataSource, asked: Mapping[str, str]) -> Any:
    parameters: dict[str, Any] = {"limit": min(50, int(asked["limit"])) if asked.get("limit", "").isdigit() else 50}
    if asked.get("logGroupPattern"):
        parameters["logGroupNamePattern"] = asked["logGroupPattern"]
    elif asked.get("logGroupNamePrefix"):
        parameters["logGroupNamePrefix"] = asked["logGroupNamePrefix"]
    region = region_named(source, asked.get("region", ""))
    answer = await aws.call(source, "logs", region, lambda client: client.describe_log_groups(**parameters))
    return _values({"arn": group.get("arn", ""), "name": group["logGroupName"]} for group in answer["logGroups"])


async def _groups(aws: Aws, source: DataSource, asked: Mapping[str, str]) -> Any:
    region = region_named(source, asked.get("region", ""))
    answer = await aws.call(source, "xray", region, lambda client: client.get_groups())
    return [
        {key: group.get(key) for key in ("GroupName", "GroupARN", "FilterExpression")} for group in answer["Groups"]
    ]


def _dimension_values(metric: dict[str, Any], given: Mapping[str, str]) -> list[tuple[str, str]]:
    key = _required(given, "dimensionKey")
    return [(each["Value"], each["Value"]) for each in metric["Dimensions"] if each["Name"] == key]


CLOUDWATCH_RESOURCES: Mapping[str, Any] = {
    "regions": _regions,
    "namespaces": _metrics(lambda _: {}, lambda metric, _: [(metric["Namespace"], metric["Namespace"])]),
    "metrics": _metrics(
        lambda given: {"Namespace": given["namespace"]} if given.get("namespace") else {},
        lambda metric, _: [
            (
                f"{metric['Namespace']} {metric['MetricName']}",
                {"name": metric["MetricName"], "namespace": metric["Namespace"]},
            )
        ],
    ),
    "dimension-keys": _metrics(
        _of_metric, lambda metric, _: [(each["Name"], each["Name"]) for each in metric["Dimensions"]]
    ),
    "dimension-values": _metrics(_of_metric, _dimension_values),
    "log-groups": _log_groups,
}
NO_RESOURCES: Mapping[str, Any] = {}
XRAY_RESOURCES: Mapping[str, Any] = {"regions": _regions, "groups": _groups}
