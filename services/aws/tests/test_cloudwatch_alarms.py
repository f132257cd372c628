"""What state an alarm's data ask for, without the edge."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from obsiverse_aws.cloudwatch.alarm import check_alarm, has_too_few_samples, judge, period_of, points_of
from obsiverse_aws.cloudwatch.alarm_messages import lambda_metrics, sns_metric
from obsiverse_aws.cloudwatch.query import InvalidQuery
from obsiverse_aws.cloudwatch.store import MetricStore

X, O, _ = 9.0, 1.0, None  # noqa: E741 - breaching, not breaching and missing, as in AWS's tables
PLACE = "000000000000", "us-east-1"
NOW = 1_700_000_007.5
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
ALARM, OK, NONE, RETAINED = "ALARM", "OK", "INSUFFICIENT_DATA", None


def alarm(**more: Any) -> dict[str, Any]:
    """An alarm on a metric that should be 5 at most."""
    return {
        "AlarmName": "a",
        "Namespace": "test",
        "MetricName": "m",
        "ExtendedStatistic": "p99",
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
        **more,
    }


# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
@pytest.mark.parametrize(
    ("points", "to_alarm", "states"),
    [
        ([O, _, X, _, X], 3, [OK, OK, OK, OK]),
        ([O, _, _, _, _], 3, [OK, OK, OK, OK]),
        ([_, _, _, _, _], 3, [NONE, RETAINED, ALARM, OK]),
        ([O, X, X, _, X], 3, [ALARM, ALARM, ALARM, ALARM]),
        ([_, _, X, _, _], 3, [ALARM, RETAINED, ALARM, OK]),
        ([O, _, X, _, X], 2, [ALARM, ALARM, ALARM, ALARM]),
        ([O, O, X, O, X], 2, [ALARM, ALARM, ALARM, ALARM]),
        ([O, _, X, _, _], 2, [OK, OK, ALARM, OK]),
        ([_, _, _, _, O], 2, [OK, OK, ALARM, OK]),
        ([_, _, _, X, _], 2, [ALARM, RETAINED, ALARM, OK]),
        ([_, _, _, _, X], 2, [OK, OK, ALARM, OK]),
        ([X, X, X, O, O], 3, [OK, OK, OK, OK]),
    ],
)
def test_missing_data_is_treated_as_in_the_tables_of_aws(
    points: list[float | None], to_alarm: int, states: list[str | None]
) -> None:
    for treatment, state in zip(TREATMENTS, states, strict=True):
        verdict = judge(alarm(DatapointsToAlarm=to_alarm, TreatMissingData=treatment), points)
        assert (verdict and verdict.state) == state, treatment


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        ("GreaterThanThreshold", OK, OK, ALARM),
        ("GreaterThanOrEqualToThreshold", OK, ALARM, ALARM),
        ("LessThanThreshold", ALARM, OK, OK),
        ("LessThanOrEqualToThreshold", ALARM, ALARM, OK),
    ],
)
def test_comparisons(comparison: str, below: str, at: str, above: str) -> None:
    one = alarm(ComparisonOperator=comparison, EvaluationPeriods=1)
    verdicts = [judge(one, [None, None, point]) for point in (4.9, 5.0, 5.1)]
    assert [verdict and verdict.state for verdict in verdicts] == [below, at, above]


def test_the_reason_names_the_data_the_threshold_and_the_gaps() -> None:
    verdict = judge(alarm(), [X, X, X])
    assert verdict and verdict.reason == (
        "Threshold Crossed: 3 out of the last 3 datapoints [9.0, 9.0, 9.0] were greater than the threshold (5.0) "
        "(minimum 3 datapoints for OK -> ALARM transition)."
    )
    verdict = judge(alarm(EvaluationPeriods=2, TreatMissingData="notBreaching"), [None, None, None, O])
    assert verdict and verdict.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoints [1.0] was not greater than the threshold (5.0) "
        "and 1 missing datapoint treated as [NonBreaching] (minimum 1 datapoint for ALARM -> OK transition)."
    )
    verdict = judge(alarm(EvaluationPeriods=1), [None, None, None])
    assert verdict and verdict.reason == (
        "Insufficient Data: no datapoints were received for 1 period and 1 missing datapoint was treated as [Missing]."
    )


METRIC = {"Metric": {"Namespace": "test", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
MATH = {
    "MetricName": None,
    "ExtendedStatistic": None,
    "Period": None,
    "Metrics": [
        {"Id": "a", "MetricStat": METRIC, "ReturnData": False},
        {"Id": "b", "MetricStat": {**METRIC, "Period": 300}, "ReturnData": False},
        {"Id": "e", "Expression": "a / b"},
    ],
}


def test_an_alarm_on_an_expression_has_the_longest_period_of_its_metrics() -> None:
    check_alarm(alarm(**MATH))
    assert period_of(alarm(**MATH)) == 300


@pytest.mark.parametrize(
    "wrong",
    [
        {"MetricName": None},
        {"Statistic": "Sum"},
        {"ExtendedStatistic": "p101"},
        {"Period": 45},
        {"Period": None},
        {"Threshold": None},
        {"EvaluationPeriods": 0},
        {"DatapointsToAlarm": 4},
        {"TreatMissingData": "sometimes"},
        {"EvaluateLowSampleCountPercentile": "sometimes"},
        {"ComparisonOperator": "GreaterThanUpperThreshold"},
        {**MATH, "MetricName": "m"},
        {**MATH, "Metrics": [*MATH["Metrics"], {"Id": "f", "Expression": "e"}]},
        {
            **MATH,
            "Metrics": [{"Id": "a", "MetricStat": METRIC}, {"Id": "e", "Expression": "NOPE(a)", "ReturnData": False}],
        },
    ],
)
def test_an_alarm_that_is_wrong_is_refused(wrong: dict[str, Any]) -> None:
    check_alarm(alarm())
    with pytest.raises(InvalidQuery):
        check_alarm(alarm(**wrong))


def store_with(folder: Path, *data: dict[str, Any]) -> MetricStore:
    """A store with data of the metric m; an Age in seconds stands for the timestamp."""
    store = MetricStore(folder / "metrics.db")
    aged = [{**one, "MetricName": "m", "Timestamp": datetime.fromtimestamp(NOW - one["Age"], UTC)} for one in data]
    store.add_metric_data(*PLACE, "test", aged)
    return store


def test_the_periods_end_now_and_the_oldest_comes_first(tmp_path: Path) -> None:
    store = store_with(
        tmp_path,
        {"Age": 0, "Value": 1},
        {"Age": 59, "Value": 2},
        {"Age": 61, "Value": 4},
        {"Age": 299, "Value": 8},
        {"Age": 301, "Value": 16},
    )
    one = alarm(ExtendedStatistic=None, Statistic="Sum")
    assert points_of(one, store, *PLACE, NOW) == [8, None, None, 4, 3]
    assert points_of({**one, "EvaluationPeriods": 1}, store, *PLACE, NOW) == [None, 4, 3]
    store.close()


def test_an_alarm_on_an_expression_has_its_points(tmp_path: Path) -> None:
    store = store_with(tmp_path, {"Age": 0, "Value": 3}, {"Age": 310, "Value": 1})
    metrics = [MATH["Metrics"][0], {"Id": "e", "Expression": "FILL(a, 0) * 2"}]
    assert points_of(alarm(**{**MATH, "Metrics": metrics}), store, *PLACE, NOW) == [0, 0, 0, 0, 6]
    arrays = alarm(**{**MATH, "Metrics": [*metrics[:1], {"Id": "e", "Expression": "[a, a]"}]})
    with pytest.raises(InvalidQuery, match="one time series"):
        points_of(arrays, store, *PLACE, NOW)
    store.close()


@pytest.mark.parametrize(
    ("statistic", "samples", "too_few"),
    [("p99", 999, True), ("p99", 1000, False), ("p5", 199, True), ("p90", 100, False), ("p50", 20, False)],
)
def test_a_percentile_of_few_samples_changes_no_alarm_that_ignores_them(
    tmp_path: Path, statistic: str, samples: int, *, too_few: bool
) -> None:
    store = store_with(tmp_path, {"Age": 1, "Values": [9.0], "Counts": [samples]})
    one = alarm(ExtendedStatistic=statistic, EvaluateLowSampleCountPercentile="ignore")
    assert has_too_few_samples(one, store, *PLACE, NOW) == too_few
    assert not has_too_few_samples({**one, "EvaluateLowSampleCountPercentile": "evaluate"}, store, *PLACE, NOW)
    store.close()


def test_targets_are_told_the_queries_of_any_alarm() -> None:
    dimensions = [{"Name": "d", "Value": "x"}]
    stat = {**METRIC, "Metric": {**METRIC["Metric"], "Dimensions": dimensions}}
    metrics = [
        {"Id": "a", "MetricStat": stat, "ReturnData": False},
        {"Id": "e", "Expression": "a * 2", "Label": "twice"},
    ]
    to_lambda = lambda_metrics(alarm(**{**MATH, "Metrics": metrics}))
    of = {"namespace": "test", "name": "m", "dimensions": {"d": "x"}}
    assert to_lambda == [
        {"id": "a", "metricStat": {"metric": of, "period": 60, "stat": "Sum"}, "returnData": False},
        {"id": "e", "expression": "a * 2", "label": "twice", "returnData": True},
    ]
    [simple] = lambda_metrics(alarm())
    assert simple["metricStat"]["stat"] == "p99"
    assert sns_metric(metrics[0])["MetricStat"]["Metric"]["Dimensions"] == [{"name": "d", "value": "x"}]
    assert sns_metric(metrics[1]) == {**metrics[1], "ReturnData": True}
