"""What an alarm tells the targets of its actions, where LocalStack knows alarms on one simple statistic only."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localstack.services.cloudwatch import provider_v2
from localstack.services.cloudwatch.models import LocalStackMetricAlarm
from localstack.utils.patch import patch

from obsiverse_aws.cloudwatch.alarm import queries_of

OF_ONE_METRIC = ("MetricName", "Namespace", "StatisticType", "Statistic", "Unit", "Period", "Dimensions")


def apply() -> None:
    """Have LocalStack's messages completed."""

    @patch(provider_v2.create_metric_data_query_from_alarm, pass_target=False)
    def queries(alarm: LocalStackMetricAlarm) -> list[dict[str, Any]]:  # pyright: ignore[reportUnusedFunction]
        return lambda_metrics(alarm.alarm)

    @patch(provider_v2.create_message_response_update_state_lambda)
    def to_lambda(message: Callable[..., str], alarm: LocalStackMetricAlarm, *old: Any) -> str:  # pyright: ignore[reportUnusedFunction]
        document = json.loads(message(alarm, *old))
        document["alarmData"]["configuration"]["metrics"] = lambda_metrics(alarm.alarm)
        return json.dumps(document)

    @patch(provider_v2.create_message_response_update_state_sns)
    def to_sns(message: Callable[..., str], alarm: LocalStackMetricAlarm, *old: Any) -> str:  # pyright: ignore[reportUnusedFunction]
        document = json.loads(message(alarm, *old))
        if metrics := alarm.alarm.get("Metrics"):
            trigger = {name: value for name, value in document["Trigger"].items() if name not in OF_ONE_METRIC}
            document["Trigger"] = {**trigger, "Metrics": [sns_metric(query) for query in metrics]}
        return json.dumps(document)


def lambda_metrics(alarm: Any) -> list[dict[str, Any]]:
    """An alarm's queries as a function gets them.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
    """
    metrics: list[dict[str, Any]] = []
    for query in queries_of(alarm):
        shown: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
        shown |= {name.lower(): query[name] for name in ("Expression", "Label") if query.get(name)}
        if stat := query.get("MetricStat"):
            metric = stat["Metric"]
            dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions") or []}
            of = {"namespace": metric.get("Namespace"), "name": metric["MetricName"], "dimensions": dimensions}
            shown["metricStat"] = {"metric": of, "period": stat["Period"], "stat": stat["Stat"]}
        metrics.append(shown)
    return metrics


def sns_metric(query: Any) -> dict[str, Any]:
    """A query as it stands in an alarm's notification: like the request's, but for the dimensions' members."""
    shown = {**query, "ReturnData": query.get("ReturnData", True)}
    if stat := query.get("MetricStat"):
        dimensions = [{"name": one["Name"], "value": one["Value"]} for one in stat["Metric"].get("Dimensions") or []]
        shown["MetricStat"] = {**stat, "Metric": {**stat["Metric"], "Dimensions": dimensions}}
    return shown
