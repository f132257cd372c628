"""What is sent to GetMetricData for a panel's query, and how its answer is taken apart."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_lookout.query.cloudwatch_metrics import PERIODS, Metric, auto_period, frames_of, plan, search
from obsiverse_lookout.query.request import Query, QueryError
from obsiverse_lookout.query.sources import named
from obsiverse_lookout.query.time_range import TimeRange

NOW = 1_700_000_000.0
HOUR = TimeRange(round(NOW * 1000) - 3_600_000, round(NOW * 1000))


def query(ref_id: str = "A", over: TimeRange = HOUR, **model: Any) -> Query:
    return Query(ref_id, {"namespace": "AWS/SageMaker", "metricName": "Invocations", "statistic": "Sum", **model}, over)


def test_exact_dimensions_are_a_metric() -> None:
    entry = plan(query(dimensions={"EndpointName": ["clinical"], "VariantName": "blue"}), NOW).entry
    assert entry["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "EndpointName", "Value": "clinical"},
        {"Name": "VariantName", "Value": "blue"},
    ]
    assert (entry["MetricStat"]["Stat"], entry["MetricStat"]["Period"]) == ("Sum", 60)


@pytest.mark.parametrize(
    ("dimensions", "exact", "expected"),
    [
        ({"E": ["*"]}, True, """SEARCH('{"N","E"} MetricName="M"', 'Sum', 60)"""),
        ({"E": ["a", "b"]}, True, """SEARCH('{"N","E"} MetricName="M" "E"=("a" OR "b")', 'Sum', 60)"""),
        ({"E": ["a"]}, False, """SEARCH('Namespace="N" MetricName="M" "E"="a"', 'Sum', 60)"""),
        ({"E": ["*"]}, False, """SEARCH('Namespace="N" MetricName="M" "E"', 'Sum', 60)"""),
        ({}, False, """SEARCH('Namespace="N" MetricName="M"', 'Sum', 60)"""),
    ],
)
def test_wildcards_are_a_search(dimensions: dict[str, list[str]], exact: bool, expected: str) -> None:
    assert search("N", "M", dimensions, "Sum", 60, exact=exact) == f"REMOVE_EMPTY({expected})"


@given(st.text(), st.text())
def test_no_name_ends_a_search_early(metric: str, value: str) -> None:
    made = search("N", metric, {"E": [value, "b"]}, "Sum", 60, exact=True)
    bare = re.sub(r"\\.", "", made, flags=re.DOTALL)
    assert bare.count("'") == 4
    assert bare.count('"') % 2 == 0


def test_labels_of_a_search_come_back_as_labels() -> None:
    planned = plan(query(dimensions={"EndpointName": ["*"]}, label="calls"), NOW)
    assert planned.entry["Label"] == "calls|&|${PROP('Dim.EndpointName')}"
    result = {
        "Id": planned.id,
        "Label": "calls|&|clinical",
        "Timestamps": [datetime(2024, 1, 1, tzinfo=UTC)],
        "Values": [1.0],
    }
    [frame] = frames_of(planned, [{"MetricDataResults": [result]}], 10)
    assert (frame.name, frame.fields[1].labels) == ("calls", {"EndpointName": "clinical"})
    assert frame.meta["executedQueryString"].startswith("REMOVE_EMPTY(SEARCH(")


def test_series_above_the_limit_are_cut_and_said() -> None:
    results = [{"Id": "a", "Label": str(index), "Timestamps": [], "Values": []} for index in range(12)]
    frames = frames_of(
        Metric("A", "a", {}), [{"MetricDataResults": results, "Messages": [{"Code": "x", "Value": "partial"}]}], 10
    )
    assert len(frames) == 10
    assert [notice["text"] for notice in frames[0].meta["notices"]] == [
        "The query matches 12 series; the first 10 are shown. Narrow it.",
        "partial",
    ]


def test_pages_of_one_series_are_joined() -> None:
    def page(minute: int) -> dict[str, Any]:
        at = datetime(2024, 1, 1, 0, minute, tzinfo=UTC)
        return {"MetricDataResults": [{"Id": "a", "Label": "x", "Timestamps": [at], "Values": [float(minute)]}]}

    [frame] = frames_of(Metric("A", "a", {}), [page(1), page(2)], 10)
    assert frame.fields[1].values == [1.0, 2.0]


def test_expression_brings_what_it_names_and_what_that_names() -> None:
    beside = [query("B", id="m1"), query("C", id="e1", expression="m1 * 2", metricEditorMode=1), query("D", id="m10")]
    asked = plan(query("A", metricEditorMode=1, expression="SUM([e1, 1])"), NOW)
    assert {metric.id for metric in named(asked, beside, NOW)} == {"e1", "m1"}
    everything = plan(query("A", metricEditorMode=1, expression="SUM(METRICS())"), NOW)
    assert {metric.id for metric in named(everything, beside, NOW)} == {"e1", "m1", "m10"}


@pytest.mark.parametrize(
    "model",
    [
        {"metricName": ""},
        {"namespace": ""},
        {"id": "1x"},
        {"period": "-5"},
        {"period": "0"},
        {"dimensions": "x"},
        {"metricEditorMode": 1},
        {"metricQueryType": 1},
        {"metricName": 5},
    ],
)
def test_query_that_cannot_be_sent_says_why(model: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as told:
        plan(query(**model), NOW)
    assert told.value.status == 400


@pytest.mark.parametrize(
    ("hours", "ago_days", "expected"), [(1, 0, 60), (24 * 3, 0, 300), (24 * 30, 0, 3600), (1, 20, 300), (1, 100, 3600)]
)
def test_automatic_period(hours: int, ago_days: int, expected: int) -> None:
    end = round(NOW * 1000) - ago_days * 86_400_000
    assert auto_period(TimeRange(end - hours * 3_600_000, end), NOW) == expected
    assert expected in PERIODS
