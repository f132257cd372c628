"""CloudWatch metric queries: metrics, metric search, metric math and Metrics Insights, all by GetMetricData.

The model: https://grafana.com/docs/grafana/latest/datasources/aws-cloudwatch/query-editor/
Search expressions: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from obsiverse_lookout.data_sources import DataSource
from obsiverse_lookout.jsons import listing
from obsiverse_lookout.query.aws import Aws
from obsiverse_lookout.query.frames import Field, Frame
from obsiverse_lookout.query.interval import duration
from obsiverse_lookout.query.request import Query, QueryError
from obsiverse_lookout.query.time_range import TimeRange

ID = re.compile(r"[a-z][a-zA-Z0-9_]*", re.ASCII)
SEARCH, INSIGHTS = 0, 1
BUILDER, CODE = 0, 1
PERIODS = (60, 300, 900, 3600, 21600, 86400)
PERIOD_POINTS = 2000
DAY = 86400
# Between a result's own label and the values of its dimensions, which AWS fills in.
SEPARATOR = "|&|"
GATHER_SECONDS = 0.002
"""The queries of one panel come within it."""

Page = Mapping[str, Any]


@dataclass(frozen=True)
class Metric:
    """A query as it is sent.

    Attributes:
        entry: the MetricDataQuery.
        dimensions: names whose values come behind the label, for a search.
        labels: of a single metric.
        of: the metric's namespace and name; empty for an expression that somebody wrote.
    """

    ref_id: str
    id: str
    entry: Mapping[str, Any]
    expression: str = ""
    dimensions: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    period: int = 60
    of: tuple[str, ...] = ()


def plan(query: Query, now: float) -> Metric:
    """What is sent for a query; raises QueryError 400 where it can't be.

    Args:
        now: seconds since the epoch.
    """
    model, wanted = query.model, query.text("id")
    query_id = wanted or "query" + re.sub(r"\W", "_", query.ref_id, flags=re.ASCII)
    if not ID.fullmatch(query_id):
        raise QueryError(
            400, f"id of query {query.ref_id} is {query_id!r}; it must begin with a small letter", "plugin"
        )
    period = _period(query, now)
    entry: dict[str, Any] = {"Id": query_id, "ReturnData": True}
    label = query.text("label") or query.text("alias")
    if model.get("metricQueryType") == INSIGHTS:
        expression = query.text("sqlExpression").strip()
        if not expression:
            raise QueryError(400, f"sqlExpression of query {query.ref_id} is empty", "plugin")
        return _with(entry | {"Expression": expression, "Period": period}, query, label, period, expression)
    if model.get("metricEditorMode") == CODE or (query.text("expression").strip() and not query.text("metricName")):
        expression = query.text("expression").strip().replace("$__period_auto", str(period))
        if not expression:
            raise QueryError(400, f"expression of query {query.ref_id} is empty", "plugin")
        return _with(entry | {"Expression": expression, "Period": period}, query, label, period, expression)
    return _built(query, entry, label, period)


def names(expression: str, query_id: str) -> bool:
    """Whether an expression names a query; METRICS() names them all."""
    return bool(re.search(rf"\b({re.escape(query_id)}|METRICS)\b", expression))


def _with(entry: dict[str, Any], query: Query, label: str, period: int, expression: str) -> Metric:
    if label:
        entry["Label"] = label
    return Metric(query.ref_id, entry["Id"], entry, expression, period=period)


def _built(query: Query, entry: dict[str, Any], label: str, period: int) -> Metric:
    namespace, name = query.text("namespace"), query.text("metricName")
    if not namespace or not name:
        raise QueryError(400, f"query {query.ref_id} has no namespace and metricName; choose a metric", "plugin")
    given = query.model.get("statistics")
    stat = query.text("statistic") or (
        str(cast("list[object]", given)[0]) if isinstance(given, list) and given else "Average"
    )
    dimensions = _dimensions(query)
    exact = query.model.get("matchExact") is not False
    if exact and all(len(values) == 1 and values[0] != "*" for values in dimensions.values()):
        single = {key: values[0] for key, values in dimensions.items()}
        metric = {
            "Namespace": namespace,
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in single.items()],
        }
        entry["MetricStat"] = {"Metric": metric, "Period": period, "Stat": stat}
        if label:
            entry["Label"] = label
        return Metric(query.ref_id, entry["Id"], entry, labels=single, period=period, of=(namespace, name))
    names = tuple(sorted(dimensions))
    expression = search(namespace, name, dimensions, stat, period, exact=exact)
    entry["Expression"] = expression
    entry["Label"] = SEPARATOR.join([label or "${LABEL}", *(f"${{PROP('Dim.{each}')}}" for each in names)])
    return Metric(query.ref_id, entry["Id"], entry, expression, names, period=period, of=(namespace, name))


def search(
    namespace: str, metric: str, dimensions: Mapping[str, Sequence[str]], stat: str, period: int, *, exact: bool
) -> str:
    """A SEARCH expression for all metrics of a name with these dimensions; `*` stands for any value.

    Args:
        period: seconds.
        exact: the metrics have these dimensions and no others.
    """
    schema = ",".join([_quoted(namespace), *(_quoted(name) for name in sorted(dimensions))])
    terms = [f"{{{schema}}}" if exact else f"Namespace={_quoted(namespace)}", f"MetricName={_quoted(metric)}"]
    for name, values in sorted(dimensions.items()):
        if "*" in values:
            if not exact:
                terms.append(_quoted(name))
            continue
        either = " OR ".join(_quoted(value) for value in values)
        terms.append(f"{_quoted(name)}=({either})" if len(values) > 1 else f"{_quoted(name)}={either}")
    return f"REMOVE_EMPTY(SEARCH('{' '.join(terms)}', '{_escaped(stat)}', {period}))"


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'")


def _dimensions(query: Query) -> dict[str, list[str]]:
    given = cast("object", query.model.get("dimensions") or {})
    if not isinstance(given, dict):
        raise QueryError(400, f"dimensions of query {query.ref_id} is not an object", "plugin")
    made: dict[str, list[str]] = {}
    for name, value in cast("dict[object, object]", given).items():
        values = [str(each) for each in cast("list[object]", value)] if isinstance(value, list) else [str(value)]
        made[str(name)] = values or ["*"]
    return made


def _period(query: Query, now: float) -> int:
    text = str(query.model.get("period") or "").strip().lower()
    if text and text != "auto":
        try:
            period = duration(text) // 1000
        except ValueError as error:
            raise QueryError(400, f"period of query {query.ref_id}: {error}", "plugin") from None
        if period < 1:
            raise QueryError(400, f"period of query {query.ref_id} is {text}; it must be at least a second", "plugin")
        return period
    return auto_period(query.over, now)


def auto_period(over: TimeRange, now: float) -> int:
    """The shortest period, in seconds, that makes at most 2,000 points of data that CloudWatch still has so finely."""
    age = now - over.start / 1000
    least = 3600 if age > 63 * DAY else 300 if age > 15 * DAY else 60
    wanted = over.seconds / PERIOD_POINTS
    return next((period for period in PERIODS if period >= wanted and period >= least), PERIODS[-1])


@dataclass
class _Batch:
    """Statistics of one metric that are asked for in one request."""

    entries: list[Mapping[str, Any]]
    answer: asyncio.Task[list[Page]]


class CloudWatchMetrics:
    """Runs metric queries.

    Args:
        series_limit: how many series a query may bring.
    """

    def __init__(self, aws: Aws, series_limit: int) -> None:
        self._aws = aws
        self._limit = series_limit
        self._open: dict[Hashable, _Batch] = {}

    async def run(
        self, source: DataSource, region: str, over: TimeRange, metrics: Sequence[Metric], wanted: str
    ) -> list[Frame]:
        """The frames of one of the queries; raises QueryError.

        Args:
            metrics: the query and those that its expression names.
            wanted: the query's refId.
        """
        asked = next(metric for metric in metrics if metric.ref_id == wanted)
        if asked.of:
            pages = await self._of_batch(source, region, over, asked)
        else:
            entries = [{**metric.entry, "ReturnData": metric is asked} for metric in metrics]
            pages = await self._pages(source, region, over, entries)
        return frames_of(asked, pages, self._limit)

    async def _of_batch(self, source: DataSource, region: str, over: TimeRange, asked: Metric) -> list[Page]:
        """Ask together with those who ask for other statistics of the metric now: it is read once for all of them."""
        key = (source.id, source.version, region, over, asked.of)
        batch = self._open.get(key)
        if batch is None:
            answer = asyncio.create_task(self._send(key, source, region, over))
            # Those who wait may all have left.
            answer.add_done_callback(lambda done: done.cancelled() or done.exception())
            batch = self._open[key] = _Batch([], answer)
        own = f"m{len(batch.entries)}"
        batch.entries.append({**asked.entry, "Id": own})
        try:
            pages = await asyncio.shield(batch.answer)
        except QueryError:
            if len(batch.entries) == 1:
                raise
            # CloudWatch refuses all for one that is wrong.
            return await self._pages(source, region, over, [asked.entry])
        return [
            {**page, "MetricDataResults": [one for one in page["MetricDataResults"] if one["Id"] == own]}
            for page in pages
        ]

    async def _send(self, key: Hashable, source: DataSource, region: str, over: TimeRange) -> list[Page]:
        await asyncio.sleep(GATHER_SECONDS)
        return await self._pages(source, region, over, self._open.pop(key).entries)

    async def _pages(
        self, source: DataSource, region: str, over: TimeRange, entries: Sequence[Mapping[str, Any]]
    ) -> list[Page]:
        def ask(client: Any) -> list[Page]:
            pages = client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=entries,
                StartTime=datetime.fromtimestamp(over.start / 1000, UTC),
                EndTime=datetime.fromtimestamp(over.end / 1000, UTC),
                ScanBy="TimestampAscending",
            )
            return list(pages)

        return await self._aws.call(source, "cloudwatch", region, ask)


def frames_of(metric: Metric, pages: Sequence[Page], limit: int) -> list[Frame]:
    """A frame for each series in the pages of a GetMetricData answer."""
    series: dict[str, tuple[list[int], list[float]]] = {}
    notices: list[str] = []
    for page in pages:
        notices += [message["Value"] for message in listing(page.get("Messages"))]
        for result in page["MetricDataResults"]:
            times, values = series.setdefault(result["Label"], ([], []))
            times += [round(at.timestamp() * 1000) for at in result["Timestamps"]]
            values += result["Values"]
            notices += [message["Value"] for message in listing(result.get("Messages"))]
    frames: list[Frame] = []
    for label, (times, values) in list(series.items())[:limit]:
        shown, *properties = label.split(SEPARATOR)
        found = zip(metric.dimensions, properties, strict=False)
        labels = dict(metric.labels) | {name: value for name, value in found if not value.startswith("${")}
        fields = [
            Field("Time", "time", times, config={"interval": metric.period * 1000}),
            Field("Value", "number", values, labels, {"displayNameFromDS": shown}),
        ]
        meta: dict[str, Any] = {"type": "timeseries-multi", "typeVersion": [0, 1], "custom": {"period": metric.period}}
        frames.append(Frame(shown, fields, meta, metric.ref_id))
    frames = frames or [Frame("", [], ref_id=metric.ref_id)]
    if metric.expression:
        frames[0].meta["executedQueryString"] = metric.expression
    if len(series) > limit:
        frames[0].notice(f"The query matches {len(series):,} series; the first {limit:,} are shown. Narrow it.")
    for text in dict.fromkeys(notices):
        frames[0].notice(text)
    return frames
