"""Queries and metric math, without the edge."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obsiverse_aws.cloudwatch.query import InvalidQuery, Result, aligned, run
from obsiverse_aws.cloudwatch.statistics import Bucket, statistic
from obsiverse_aws.cloudwatch.store import Metric, MetricStore, pack

ACCOUNT, REGION = "000000000000", "us-east-1"
START = 1_700_000_040
NAMES = itertools.count()
UNITS = ["None", "Seconds", "Count"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MetricStore]:
    """An empty store."""
    made = MetricStore(tmp_path / "cloudwatch" / "metrics.db")
    yield made
    made.close()


def put(store: MetricStore, name: str, points: dict[int, float], **more: Any) -> None:
    """Put a value at each of some seconds after the start."""
    data = [
        {"MetricName": name, "Timestamp": datetime.fromtimestamp(START + at, UTC), "Value": value, **more}
        for at, value in points.items()
    ]
    store.add_metric_data(ACCOUNT, REGION, "test", data)


def metric(query_id: str, name: str, stat: str = "Sum", period: int = 60, **more: Any) -> dict[str, Any]:
    """A query of a metric."""
    of = {"Namespace": "test", "MetricName": name, "Dimensions": more.pop("Dimensions", [])}
    return {"Id": query_id, "MetricStat": {"Metric": of, "Period": period, "Stat": stat}, **more}


def ask(store: MetricStore, *queries: dict[str, Any], minutes: int = 5) -> list[Result]:
    """The results of queries over the first minutes."""
    return run(queries, store, ACCOUNT, REGION, lambda period: aligned(START, START + minutes * 60, period))


def compute(store: MetricStore, expression: str, *queries: dict[str, Any]) -> list[float | None]:
    """What an expression comes to in each of the first five minutes; the metrics are returned to nobody."""
    hidden = [{**query, "ReturnData": False} for query in queries]
    [result] = ask(store, {"Id": "e1", "Expression": expression}, *hidden)
    return [result.series.points.get(START + minute * 60) for minute in range(5)]


A = metric("a", "a")
B = metric("b", "b")


@pytest.fixture
def two(store: MetricStore) -> MetricStore:
    """Two metrics: a in all minutes but the fourth, b in the second, third and fourth."""
    put(store, "a", {0: 1, 60: -2, 120: 3.5, 240: 5})
    put(store, "b", {60: 10, 120: 0, 180: 4})
    return store


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b", [None, 8, 3.5, None, None]),
        ("a+b*2^2", [None, 38, 3.5, None, None]),
        ("(a + b) * 2 - 1", [None, 15, 6, None, None]),
        ("-a", [-1, 2, -3.5, None, -5]),
        ("2 - -a", [3, 0, 5.5, None, 7]),
        ("10 / b", [None, 1, None, 2.5, None]),
        ("a - 1 - 1", [-1, -4, 1.5, None, 3]),
        ("2 ^ 3 ^ 0 * a", [2, -4, 7, None, 10]),
        ("a / MAX(b)", [0.1, -0.2, 0.35, None, 0.5]),
        ("a * 0 + SUM(a) + AVG(b)", [7.5 + 14 / 3, 7.5 + 14 / 3, 7.5 + 14 / 3, None, 7.5 + 14 / 3]),
        ("SUM(METRICS())", [1, 8, 3.5, 4, 5]),
        ("SUM(METRICS('b'))", [None, 10, 0, 4, None]),
        ("AVG([a, b])", [1, 4, 1.75, 4, 5]),
        ("MIN([a, b])", [1, -2, 0, 4, 5]),
        ("MAX([a, b, a * 3])", [3, 10, 10.5, 4, 15]),
        ("SUM([a, b] * 2)", [2, 16, 7, 8, 10]),
        ("FILL(a, 0)", [1, -2, 3.5, 0, 5]),
        ("FILL(a, REPEAT)", [1, -2, 3.5, 3.5, 5]),
        ("FILL(a, LINEAR)", [1, -2, 3.5, 4.25, 5]),
        ("FILL(b, LINEAR)", [None, 10, 0, 4, None]),
        ("FILL(a, b)", [1, -2, 3.5, 4, 5]),
        ("SUM(FILL(METRICS(), 0))", [1, 8, 3.5, 4, 5]),
        ("RATE(b)", [None, None, -1 / 6, 4 / 60, None]),
        ("DIFF(a)", [None, -3, 5.5, None, 1.5]),
        ("RATE(a)", [None, -3 / 60, 5.5 / 60, None, 1.5 / 120]),
        ("RUNNING_SUM(a)", [1, -1, 2.5, None, 7.5]),
        ("ABS(a)", [1, 2, 3.5, None, 5]),
        ("CEIL(a)", [1, -2, 4, None, 5]),
        ("FLOOR(a)", [1, -2, 3, None, 5]),
        ("a * PERIOD(a)", [60, -120, 210, None, 300]),
        ("a >= 3.5", [0, 0, 1, None, 1]),
        ("a > b", [None, 0, 1, None, None]),
        ("a == 1 OR a == 5", [1, 0, 0, None, 1]),
        ("a > 0 && b < 1", [None, 0, 1, None, None]),
        ("IF(a > 0, a, b)", [1, 10, 3.5, None, 5]),
        ("IF(a > 3, 1, 0)", [0, 0, 1, None, 1]),
        ("IF(FILL(a, 0) == 0, b)", [None, None, None, 4, None]),
        ("IF(SUM(a) > 7, a, b)", [1, -2, 3.5, None, 5]),
        ("IF(MINUTE(a) == 16, a)", [None, None, 3.5, None, None]),
        ("DAY(a) * 100 + HOUR(a)", [222, 222, 222, None, 222]),
        ("MONTH(a) * 100 + DATE(a)", [1114, 1114, 1114, None, 1114]),
        ("EPOCH(b) - YEAR(b)", [None, START - 1963, START - 1903, START - 1843, None]),
        ("LOG10(b)", [None, 1, None, math.log10(4), None]),
        ("a * CEIL(AVG(missing))", [None] * 5),
        ("(0 - 2) ^ 0.5 + a", [None] * 5),
    ],
)
def test_metric_math(two: MetricStore, expression: str, expected: list[float | None]) -> None:
    queries = [A, B] if "missing" not in expression else [A, metric("missing", "none")]
    assert compute(two, expression, *queries) == [None if one is None else pytest.approx(one) for one in expected]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("NOPE(a)", "Unsupported function 'NOPE'"),
        ("ANOMALY_DETECTION_BAND(a, 2)", "Unsupported function"),
        ("a +", "Unexpected end"),
        ("a b", "Unexpected 'b'"),
        ("(a", r"Expected '\)'"),
        ("a ? b", r"Unexpected '\?'"),
        ("a + c", "Undefined id 'c'"),
        ("e1 + a", "depends on itself"),
        ("1 + 1", "not a time series"),
        ("SUM(a)", "not a time series"),
        ("SUM(a, b)", "Wrong number of arguments"),
        ("[a, b] + [a, b]", "Unsupported operand"),
        ("RATE(1)", "Unsupported operand"),
        ("a + 'text'", "Unsupported operand"),
        ("SUM(METRICS('zzz'))", "no time series"),
        ("[a, 1]", "time series only"),
        ("(" * 60 + "a" + ")" * 60, "too deeply"),
        ("+".join(["a"] * 900), "Too long"),
    ],
)
def test_an_expression_that_is_wrong_is_refused(two: MetricStore, expression: str, reason: str) -> None:
    with pytest.raises(InvalidQuery, match=f"Error in expression 'e1': .*{reason}"):
        compute(two, expression, A, B)


def test_expressions_use_each_other_in_any_order_and_results_stay_in_theirs(two: MetricStore) -> None:
    results = ask(two, {"Id": "e2", "Expression": "e1 * 2"}, B, {"Id": "e1", "Expression": "a + 1"}, A)
    assert [result.id for result in results] == ["e2", "b", "e1", "a"]
    assert results[0].series.points[START] == 4


def test_values_are_read_once_for_all_percentiles_of_a_metric(
    two: MetricStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    buckets = two.buckets

    def counted(metric: Metric, *given: Any, **more: Any) -> dict[int, Bucket]:
        asked.append(metric.name)
        return buckets(metric, *given, **more)

    monkeypatch.setattr(two, "buckets", counted)
    low, high, other = ask(two, metric("x", "a", "p0"), metric("y", "a", "p100"), metric("z", "b", "p50"))
    assert (low.series.points[START], other.series.points[START + 60]) == (1, 10)
    assert low.series.points == high.series.points
    assert asked == ["a", "b"]


def test_an_array_is_a_result_for_each_series(two: MetricStore) -> None:
    results = ask(two, {"Id": "e1", "Expression": "METRICS() / 2", "Label": "half"}, A, B)
    assert [(one.id, one.label) for one in results[:2]] == [("e1", "half a"), ("e1", "half b")]


def test_labels_tell_statistics_and_periods_apart(two: MetricStore) -> None:
    queries = [metric("x", "a", "p99"), metric("y", "a", "Sum"), metric("z", "a", "Sum", Label="mine")]
    assert [one.label for one in ask(two, *queries)] == ["a p99", "a Sum", "mine"]
    assert [one.label for one in ask(two, A, {"Id": "e1", "Expression": "a"})] == ["a", "e1"]


def test_dynamic_labels_tell_values_and_properties_of_what_they_label(two: MetricStore) -> None:
    of = {"Dimensions": [{"Name": "d", "Value": "x"}]}
    results = ask(
        two,
        metric("m", "a", Label="${LABEL}: ${MIN} to ${MAX}, ${AVG} on average of ${DATAPOINT_COUNT}, last ${LAST}"),
        metric("n", "a", "p99", Label="${PROP('Dim.d')} ${PROP('Stat')} of ${PROP('MetricName')} ${SUM} ${NOPE}", **of),
        {"Id": "e", "Expression": "m * 2", "Label": "twice ${LABEL}, ${SUM}"},
        {"Id": "f", "Expression": "[m, m]", "Label": "${FIRST}/${LAST}"},
    )
    assert [one.label for one in results] == [
        "a Sum: -2 to 5, 1.88 on average of 4, last 5",
        "x p99 of a ${SUM} ${NOPE}",
        "twice e, 15",
        "1/5",
        "1/5",
    ]


@pytest.mark.parametrize(
    "queries",
    [
        [],
        [A, A],
        [{**A, "Id": "Upper"}],
        [{**A, "ReturnData": False}],
        [{**A, "Expression": "a"}],
        [{"Id": "a"}],
        [metric("a", "a", "p101")],
        [metric("a", "a", period=7)],
        [{**A, "AccountId": "111111111111"}],
    ],
)
def test_queries_that_are_wrong_are_refused(store: MetricStore, queries: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidQuery):
        ask(store, *queries)


def test_a_metric_has_exactly_its_dimensions(store: MetricStore) -> None:
    for value in ("x", "xyz"):
        put(store, "m", {0: len(value)}, Dimensions=[{"Name": "d", "Value": value}])
    put(store, "m", {0: 9}, Dimensions=[{"Name": "e", "Value": "a=%"}, {"Name": "d", "Value": "x"}])
    asked = [{"Name": "d", "Value": "x"}, {"Name": "e", "Value": "a=%"}]
    results = ask(
        store,
        metric("one", "m", Dimensions=asked[:1]),
        metric("two", "m", Dimensions=asked),
        metric("none", "m"),
        metric("like", "m", Dimensions=[{"Name": "d", "Value": "%"}]),
    )
    assert [list(one.series.points.values()) for one in results] == [[1], [9], [], []]


@pytest.mark.parametrize(
    ("end", "long", "short", "minute"),
    [(110, 3, 1, 3), (120, 3, 3, 3), (120.5, 7, 7, 7), (171, 7, 7, 7), (181, 15, 15, 15), (240, 15, 15, 15)],
)
def test_data_count_up_to_the_end_of_the_minute_that_holds_the_last_second(
    store: MetricStore, end: float, long: float, short: float, minute: float
) -> None:
    # A period of five minutes starts 60 s after the start.
    put(store, "m", {59: 32, 60: 1, 119: 2, 120: 4, 181: 8, 240: 16})
    queries = [metric("long", "m", period=300), metric("short", "m", period=10), metric("minute", "m")]
    results = run(queries, store, ACCOUNT, REGION, lambda period: aligned(START + 60, START + end, period))
    assert [sum(one.series.points.values()) for one in results] == [long, short, minute]


def test_values_with_counts_are_in_every_statistic(store: MetricStore) -> None:
    at = datetime.fromtimestamp(START, UTC)
    datum = {"MetricName": "m", "Timestamp": at, "Values": [1, 10, 100], "Counts": [97, 2, 1]}
    store.add_metric_data(ACCOUNT, REGION, "test", [datum])
    stats = ["SampleCount", "Sum", "Average", "Minimum", "Maximum", "p97", "p98", "p99.5", "tm99"]
    results = ask(store, *(metric(f"q{index}", "m", stat) for index, stat in enumerate(stats)))
    found = [one.series.points[START] for one in results]
    assert found == [100, 217, 2.17, 1, 100, 1, 10, 100, pytest.approx(117 / 99)]


def test_a_statistic_set_has_percentiles_only_where_its_values_are_the_same(store: MetricStore) -> None:
    at = datetime.fromtimestamp(START, UTC)
    for name, low in (("mixed", 1), ("same", 3)):
        known = {"SampleCount": 2, "Sum": low + 3, "Minimum": low, "Maximum": 3}
        store.add_metric_data(
            ACCOUNT, REGION, "test", [{"MetricName": name, "Timestamp": at, "StatisticValues": known}]
        )
    put(store, "mixed", {1: 8})
    results = ask(store, metric("a", "mixed", "p50"), metric("b", "same", "p50"), metric("c", "mixed", "Average"))
    assert [list(one.series.points.values()) for one in results] == [[], [3], [4]]


NUMBERS = st.one_of(st.integers(-1000, 1000), st.floats(-1e6, 1e6))
DATA = st.lists(
    st.tuples(
        st.integers(-120, 720),
        st.sampled_from(UNITS),
        st.one_of(
            NUMBERS,
            st.lists(st.tuples(NUMBERS, st.integers(1, 4)), min_size=1, max_size=3),
            st.tuples(st.integers(1, 9), NUMBERS, NUMBERS),
        ),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=DATA,
    period=st.sampled_from([1, 5, 10, 60, 180, 300]),
    start=st.integers(0, 200),
    length=st.integers(1, 400),
    unit=st.sampled_from([None, *UNITS]),
)
def test_answers_are_those_of_the_plain_definition(
    store: MetricStore, data: list[Any], period: int, start: int, length: int, unit: str | None
) -> None:
    name = f"m{next(NAMES)}"
    sets: list[tuple[int, str, float, float, float, float]] = []
    for at, of, value in data:
        datum: dict[str, Any] = {"MetricName": name, "Timestamp": datetime.fromtimestamp(START + at, UTC), "Unit": of}
        if isinstance(value, list):
            datum |= {"Values": [one for one, _ in value], "Counts": [count for _, count in value]}
            sets += [(START + at, of, count, one * count, one, one) for one, count in value]
        elif isinstance(value, tuple):
            count, low, high = value[0], min(value[1:]), max(value[1:])
            members = dict(
                zip(("SampleCount", "Sum", "Minimum", "Maximum"), (count, low * count, low, high), strict=True)
            )
            datum["StatisticValues"] = members
            sets.append((START + at, of, count, low * count, low, high))
        else:
            datum["Value"] = value
            sets.append((START + at, of, 1, value, value, value))
        store.add_metric_data(ACCOUNT, REGION, "test", [datum])

    first, end = (START + start) // period * period, START + start + length
    expected: dict[str, dict[int, float]] = {
        stat: {} for stat in ("SampleCount", "Sum", "Minimum", "Maximum", "Average")
    }
    for begin in range(first, end, period):
        until = min(begin + period, math.ceil(end / 60) * 60)
        within = [one[2:] for one in sets if begin <= one[0] < until and unit in (None, one[1])]
        if within:
            count, total = sum(one[0] for one in within), sum(one[1] for one in within)
            expected["SampleCount"][begin], expected["Sum"][begin], expected["Average"][begin] = (
                count,
                total,
                total / count,
            )
            expected["Minimum"][begin], expected["Maximum"][begin] = (
                min(o[2] for o in within),
                max(o[3] for o in within),
            )

    grid = aligned(START + start, end, period)
    for stat, points in expected.items():
        buckets = store.buckets(Metric(ACCOUNT, REGION, "test", name, pack(None)), grid, unit)
        found = {at: statistic(stat).compute(one) for at, one in buckets.items()}
        assert found == {at: pytest.approx(value, rel=1e-9, abs=1e-6) for at, value in points.items()}
        assert list(found) == sorted(found)
