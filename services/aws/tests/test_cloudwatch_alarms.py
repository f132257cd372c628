"""What state an alarm's data ask for, without the edge."""

from __future__ import annotations

from typing import Any

import pytest
from obsiverse_aws.cloudwatch.alarm import check_alarm, judge, period_of
from obsiverse_aws.cloudwatch.query import InvalidQuery

X, O, _ = 9.0, 1.0, None  # noqa: E741 - breaching, not breaching and missing, as in AWS's tables
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
