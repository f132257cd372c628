"""MetricDataQueries: what GetMetricData and alarms on metric math ask for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from obsiverse_aws.cloudwatch.expression import Call, Constant, ExpressionError, Name, parse, parts
from obsiverse_aws.cloudwatch.labels import default_labels, properties_of, resolve
from obsiverse_aws.cloudwatch.metric_math import Search, evaluate, function_of
from obsiverse_aws.cloudwatch.search import MOST_SERIES, Found, label, matcher
from obsiverse_aws.cloudwatch.series import Series, Value
from obsiverse_aws.cloudwatch.statistics import UnknownStatistic, statistic
from obsiverse_aws.cloudwatch.store import Metric, MetricStore, pack

Query = Mapping[str, Any]
ID = re.compile(r"[a-z]\w{0,254}", re.ASCII)
SHORT_PERIODS = (1, 5, 10, 20, 30)
MOST_QUERIES = 500
LATEST = 8
"""Of so many metrics the buckets are kept while a request is answered: a day of values is large."""


class InvalidQuery(ValueError):
    """A request that CloudWatch refuses with a ValidationError."""


@dataclass(frozen=True)
class Result:
    """What one query came to; several have the same id where an expression is an array."""

    id: str
    label: str
    series: Series


def aligned(start: float, end: float, period: int) -> range:
    """The starts of the periods from the one that holds a time up to, and without, a time; Unix seconds.

    Data count up to the end of the minute, or of a shorter period, in which the last second is, since AWS has them by minutes.
    """
    first = math.floor(start) // period * period
    return range(first, min(math.ceil(end / 60) * 60, first + math.ceil((end - first) / period) * period), period)


def check(queries: Sequence[Query]) -> None:
    """Raise InvalidQuery where CloudWatch would not take these queries."""
    if not queries or len(queries) > MOST_QUERIES:
        raise InvalidQuery(f"MetricDataQueries must have 1 to {MOST_QUERIES} members.")
    ids = [str(query.get("Id")) for query in queries]
    for query_id in ids:
        if not ID.fullmatch(query_id):
            raise InvalidQuery(
                f"The value {query_id} for parameter MetricDataQueries.Id is not matching the expected pattern "
                "^[a-z][a-zA-Z0-9_]*$."
            )
    if len(set(ids)) != len(ids):
        raise InvalidQuery("The values for parameter MetricDataQueries.Id are not unique.")
    if not any(query.get("ReturnData", True) for query in queries):
        raise InvalidQuery("At least one of the MetricDataQueries must return data (ReturnData).")
    for query in queries:
        _check_one(query, ids)


def _check_one(query: Query, ids: list[str]) -> None:
    if bool(query.get("MetricStat")) == bool(query.get("Expression")):
        raise InvalidQuery(f"The query {query['Id']} must have either MetricStat or Expression, and not both.")
    if stat := query.get("MetricStat"):
        check_period(stat.get("Period"))
        try:
            statistic(stat.get("Stat", ""))
        except UnknownStatistic:
            message = f"The value {stat.get('Stat')} for parameter MetricDataQueries.MetricStat.Stat is not supported."
            raise InvalidQuery(message) from None
        return
    try:
        for part in parts(parse(query["Expression"])):
            if isinstance(part, Name) and part.id not in ids:
                raise ExpressionError(f"Undefined id '{part.id}'")  # noqa: TRY301
            if isinstance(part, Call) and part.function == "SEARCH":
                _search_of([one.value if isinstance(one, Constant) else [] for one in part.arguments])
            elif isinstance(part, Call) and part.function != "METRICS":
                function_of(part)
    except ExpressionError as error:
        raise _in_expression(query, error) from None


def check_period(period: Any) -> None:
    """Raise InvalidQuery where this is not a period in seconds."""
    if not (isinstance(period, int) and period > 0 and (period in SHORT_PERIODS or period % 60 == 0)):
        raise InvalidQuery("Period must be 1, 5, 10, 20, 30 or a multiple of 60.")


def run(
    queries: Sequence[Query], store: MetricStore, account: str, region: str, grid: Callable[[int], range]
) -> list[Result]:
    """The results of queries that return data, in their order.

    Args:
        grid: the starts of the periods to ask for, out of the period.

    Raises InvalidQuery.
    """
    check(queries)
    if any(query.get("AccountId", account) != account for query in queries):
        raise InvalidQuery("Metrics of other accounts are not shown. A limit of this emulation, not of AWS.")
    labels = default_labels(queries)
    metrics: dict[str, Series] = {}
    # A graph asks for several percentiles of one metric.
    read = Reader(store, account, region)
    for query in queries:
        if stat := query.get("MetricStat"):
            series, default = read(stat, grid(stat["Period"])), labels[query["Id"]]
            properties = properties_of(stat, account, region)
            metrics[query["Id"]] = _labelled(series, query.get("Label") or default, default, properties)

    def search(arguments: list[Value]) -> list[Series]:
        return _searched(read, arguments, grid)

    values = _Values({query["Id"]: query for query in queries}, metrics, search)
    try:
        returned = (query for query in queries if query.get("ReturnData", True))
        return [result for query in returned for result in _results(query, values)]
    except RecursionError:
        raise InvalidQuery("The expressions depend on each other too deeply.") from None


class Reader:
    """Reads MetricStats; the buckets of a metric once where statistics of it follow each other."""

    def __init__(self, store: MetricStore, account: str, region: str) -> None:
        self.store, self.account, self.region = store, account, region
        self._buckets = lru_cache(LATEST)(store.buckets)

    def __call__(self, stat: Mapping[str, Any], grid: range) -> Series:
        """A MetricStat's series."""
        metric = stat["Metric"]
        name, dimensions = metric["MetricName"], pack(metric.get("Dimensions"))
        key = Metric(self.account, self.region, metric.get("Namespace", ""), name, dimensions)
        wanted = statistic(stat["Stat"])
        buckets = self._buckets(key, grid, stat.get("Unit"), values=wanted.needs_values)
        points = {at: value for at, bucket in buckets.items() if (value := wanted.compute(bucket)) is not None}
        return Series("", grid, points)


def _search_of(arguments: list[Value]) -> tuple[str, str, int]:
    """What SEARCH is given: the search, the statistic, the period in seconds, which is five minutes where it is left out."""
    text, stat, period = (*arguments, 300.0)[:3] if 2 <= len(arguments) <= 3 else ("", "", "")
    if not isinstance(text, str) or not isinstance(stat, str) or not isinstance(period, (int, float)):
        raise ExpressionError("SEARCH takes a search, a statistic and a period")
    matcher(text)
    try:
        statistic(stat)
        check_period(int(period))
    except (UnknownStatistic, InvalidQuery) as error:
        raise ExpressionError(str(error) or f"The statistic {stat} is not supported") from None
    return text, stat, int(period)


def _searched(read: Reader, arguments: list[Value], grid: Callable[[int], range]) -> list[Series]:
    """The series that a SEARCH finds, by their names."""
    text, stat, period = _search_of(arguments)
    matches = matcher(text)
    metrics = (
        Found(one["namespace"], one["metric_name"], {each["Name"]: each["Value"] for each in one["dimensions"]})
        for one in read.store.list_metrics(read.account, read.region, None, None, [])["metrics"]
    )
    found = sorted((one for one in metrics if matches(one)), key=lambda one: (one.name, *one.dimensions.items()))
    series: list[Series] = []
    for metric in found[:MOST_SERIES]:
        dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions.items()]
        asked = {
            "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions},
            "Stat": stat,
            "Period": period,
        }
        properties = properties_of(asked, read.account, read.region)
        of_metric = read(asked, grid(period))
        series.append(replace(of_metric, label=label(metric, found), properties=properties))
    return series


def _labelled(series: Series, label: str, default: str, properties: Mapping[str, str]) -> Series:
    return replace(series, label=resolve(label, default, list(series.points.values()), properties))


class _Values:
    """The queries' values, each computed once."""

    def __init__(self, queries: dict[str, Query], metrics: dict[str, Series], search: Search) -> None:
        self._queries, self._metrics, self._search = queries, metrics, search
        self._known: dict[str, Value] = dict(metrics)
        self._open: set[str] = set()

    def __getitem__(self, query_id: str) -> Value:
        if query_id not in self._known:
            query = self._queries[query_id]
            if query_id in self._open:
                raise _in_expression(query, ExpressionError("The expression depends on itself"))
            self._open.add(query_id)
            try:
                value = evaluate(parse(query["Expression"]), self.__getitem__, self._metrics, self._search)
            except ExpressionError as error:
                raise _in_expression(query, error) from None
            if isinstance(value, Series):
                value = _labelled(value, query.get("Label") or query_id, query_id, {})
            self._known[query_id] = value
        return self._known[query_id]


def _results(query: Query, values: _Values) -> list[Result]:
    value = values[query["Id"]]
    if isinstance(value, Series):
        return [Result(query["Id"], value.label, value)]
    if isinstance(value, list):
        named = query.get("Label") or "${LABEL}"
        # A label without dynamic parts precedes each series' own.
        pattern = named if "${" in named else f"{named} ${{LABEL}}"
        each = [_labelled(one, pattern, one.label, one.properties) for one in value]
        return [Result(query["Id"], one.label, one) for one in each]
    raise _in_expression(query, ExpressionError("The result is not a time series"))


def _in_expression(query: Query, error: ExpressionError) -> InvalidQuery:
    return InvalidQuery(f"Error in expression '{query['Id']}': {error}")
