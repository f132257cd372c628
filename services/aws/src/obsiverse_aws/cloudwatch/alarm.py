"""Metric alarms: whether their data breach, and what state follows.

The rules: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from obsiverse_aws.cloudwatch.expression import parse
from obsiverse_aws.cloudwatch.metric_math import searches
from obsiverse_aws.cloudwatch.query import InvalidQuery, Query, check, run
from obsiverse_aws.cloudwatch.store import MetricStore

COMPARISONS = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
MISSING_DATA = ("missing", "ignore", "breaching", "notBreaching")
LOW_SAMPLES = ("evaluate", "ignore")
PERCENTILE = re.compile(r"p(\d+(?:\.\d+)?)")

Alarm = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """The state that an alarm should have, and why."""

    state: str
    reason: str


def check_alarm(alarm: Alarm) -> None:
    """Raise InvalidQuery where CloudWatch would not take an alarm, or this emulation can't evaluate it."""
    if bool(alarm.get("Metrics")) == bool(alarm.get("MetricName")):
        raise InvalidQuery("An alarm must have either MetricName or Metrics, and not both.")
    if alarm.get("MetricName") and bool(alarm.get("Statistic")) == bool(alarm.get("ExtendedStatistic")):
        raise InvalidQuery("Exactly one of Statistic and ExtendedStatistic must be specified.")
    queries = queries_of(alarm)
    check(queries)
    if any(searches(parse(query["Expression"])) for query in queries if query.get("Expression")):
        raise InvalidQuery("SEARCH is not supported on Metric Alarms.")
    if sum(query.get("ReturnData", True) for query in queries) != 1:
        raise InvalidQuery("Exactly one element of the metrics list should return data.")
    if not any(query.get("MetricStat") for query in queries):
        raise InvalidQuery("The metrics list must have a metric.")
    if alarm.get("ThresholdMetricId") or alarm["ComparisonOperator"] not in COMPARISONS:
        raise InvalidQuery("Alarms on anomaly detection are not evaluated here. A limit of this emulation, not of AWS.")
    if alarm.get("Threshold") is None:
        raise InvalidQuery("Threshold must be specified.")
    if alarm.get("EvaluationPeriods", 0) < 1:
        raise InvalidQuery("EvaluationPeriods must be 1 or more.")
    if not 1 <= alarm.get("DatapointsToAlarm", 1) <= alarm["EvaluationPeriods"]:
        raise InvalidQuery("DatapointsToAlarm must be 1 to EvaluationPeriods.")
    for member, supported in (("TreatMissingData", MISSING_DATA), ("EvaluateLowSampleCountPercentile", LOW_SAMPLES)):
        if (value := alarm.get(member)) and value not in supported:
            raise InvalidQuery(
                f"The value {value} is not supported for {member} parameter. "
                f"Supported values are [{', '.join(supported)}]."
            )


def queries_of(alarm: Alarm) -> Sequence[Query]:
    """What an alarm asks for."""
    if alarm.get("Metrics"):
        return alarm["Metrics"]
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions") if alarm.get(name)}
    stat = {
        "Metric": metric,
        "Period": alarm.get("Period"),
        "Stat": alarm.get("Statistic") or alarm.get("ExtendedStatistic"),
        "Unit": alarm.get("Unit"),
    }
    return [{"Id": "m1", "MetricStat": stat}]


def period_of(alarm: Alarm) -> int:
    """Seconds; the longest of the alarm's metrics."""
    return max(query["MetricStat"]["Period"] for query in queries_of(alarm) if query.get("MetricStat"))


def points_of(alarm: Alarm, store: MetricStore, account: str, region: str, now: float) -> list[float | None]:
    """An alarm's latest data, the oldest first; None for a period without. The last period ends now.

    Raises InvalidQuery.
    """
    # More than is evaluated, so that late data is found, as AWS does.
    periods = alarm["EvaluationPeriods"] + max(alarm["EvaluationPeriods"] // 3, 2)
    end = math.floor(now) + 1
    start = end - periods * period_of(alarm)
    results = run(queries_of(alarm), store, account, region, lambda period: range(start, end, period))
    if len(results) != 1:
        raise InvalidQuery("The expression of an alarm must be one time series.")
    series = results[0].series
    return [series.points.get(at) for at in series.grid][-periods:]


def has_too_few_samples(alarm: Alarm, store: MetricStore, account: str, region: str, now: float) -> bool:
    """Whether the latest data are too few for a percentile, and the alarm is not to change then."""
    found = PERCENTILE.fullmatch(alarm.get("ExtendedStatistic") or "")
    if not found or alarm.get("EvaluateLowSampleCountPercentile") != "ignore":
        return False
    counts = points_of({**alarm, "ExtendedStatistic": None, "Statistic": "SampleCount"}, store, account, region, now)
    latest = next((count for count in reversed(counts) if count is not None), 0.0)
    share = float(found[1]) / 100
    return round(latest * min(share, 1 - share), 6) < 10


def judge(alarm: Alarm, points: Sequence[float | None]) -> Verdict | None:
    """What the data say; None where the alarm is to stay as it is."""
    needed, missing_data = alarm["EvaluationPeriods"], alarm.get("TreatMissingData") or "missing"
    to_alarm = alarm.get("DatapointsToAlarm") or needed
    present = [point for point in points if point is not None][-needed:]
    if not present:
        state = {"missing": "INSUFFICIENT_DATA", "breaching": "ALARM", "notBreaching": "OK"}.get(missing_data)
        return Verdict(state, _nothing(needed, missing_data)) if state else None
    compare, comparison = COMPARISONS[alarm["ComparisonOperator"]]
    breaching = [compare(point, alarm["Threshold"]) for point in present]
    absent = needed - len(present)
    count = sum(breaching) + (absent if missing_data == "breaching" else 0)
    alarming = count >= to_alarm
    if absent and not alarming and missing_data in ("missing", "ignore") and all(breaching):
        # All that is known breaches. If that is so for long enough, the gaps since don't count.
        age = len(points) - next(index for index, point in enumerate(points) if point is not None)
        if age >= to_alarm:
            if missing_data == "ignore":
                return None
            alarming = True
    shown = ", ".join(repr(float(point)) for point in reversed(present))
    agreeing = sum(breach == alarming for breach in breaching)
    were = f"{agreeing} out of the last {len(present)} datapoints [{shown}] {'was' if agreeing == 1 else 'were'}"
    negation, transition = ("", "OK -> ALARM") if alarming else ("not ", "ALARM -> OK")
    least = to_alarm if alarming else needed - to_alarm + 1
    gaps = f" and {absent} missing {_plural(absent, 'datapoint')} treated as [{_title(missing_data)}]" if absent else ""
    return Verdict(
        "ALARM" if alarming else "OK",
        f"Threshold Crossed: {were} {negation}{comparison} the threshold ({float(alarm['Threshold'])}){gaps} "
        f"(minimum {_plural(least, 'datapoint', counted=True)} for {transition} transition).",
    )


def _nothing(periods: int, missing_data: str) -> str:
    kind = "Insufficient Data" if missing_data == "missing" else "Threshold Crossed"
    received = f"no datapoints were received for {_plural(periods, 'period', counted=True)}"
    treated = f"{_plural(periods, 'missing datapoint', counted=True)} {'was' if periods == 1 else 'were'} treated as"
    return f"{kind}: {received} and {treated} [{_title(missing_data)}]."


def _title(missing_data: str) -> str:
    return "NonBreaching" if missing_data == "notBreaching" else missing_data.capitalize()


def _plural(count: int, noun: str, *, counted: bool = False) -> str:
    return f"{f'{count} ' if counted else ''}{noun}{'' if count == 1 else 's'}"
