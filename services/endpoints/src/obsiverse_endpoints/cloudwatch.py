"""The CloudWatch metrics of endpoints: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import structlog

from obsiverse_endpoints.async_queue import Done
from obsiverse_endpoints.aws import Aws, AwsRefused, AwsUnavailable
from obsiverse_endpoints.exchange import Outcome
from obsiverse_endpoints.routes import RouteKey

NAMESPACE = "AWS/SageMaker"
# PutMetricData: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
MAX_DATA, MAX_VALUES = 1000, 150
UNITS = {
    "ModelLatency": "Microseconds",
    "OverheadLatency": "Microseconds",
    "ModelLoadingWaitTime": "Microseconds",
    "ModelDownloadingTime": "Microseconds",
    "ModelLoadingTime": "Microseconds",
    "ModelUnloadingTime": "Microseconds",
    "TimeInBacklog": "Milliseconds",
    "TotalProcessingTime": "Milliseconds",
}
MAX_WAITING = 360
"""Batches that are kept while the edge is away: an hour's, at one in ten seconds."""
_log = structlog.get_logger()


class _Place(NamedTuple):
    """What metrics are of: an endpoint, one of its variants, or one of that one's instances."""

    key: RouteKey
    variant: str = ""
    instance: str = ""

    def dimensions(self) -> list[dict[str, str]]:
        names = {"EndpointName": self.key.endpoint, "VariantName": self.variant, "InstanceId": self.instance}
        return [{"Name": name, "Value": value} for name, value in names.items() if value]


class _Series:
    """What one place has seen since the last flush."""

    __slots__ = ("client_errors", "instances", "invocations", "model_errors", "more", "server_errors", "times")

    def __init__(self) -> None:
        self.invocations = self.client_errors = self.server_errors = self.model_errors = 0
        self.instances = 1
        self.times: dict[str, Counter[float]] = {"ModelLatency": Counter(), "OverheadLatency": Counter()}
        self.more: dict[str, Counter[float]] = {}

    def saw(self, outcome: Outcome) -> None:
        self.invocations += 1
        self.instances = outcome.instances
        status = _model_status(outcome)
        if 400 <= status < 500:
            self.client_errors += 1
        elif status >= 500:
            self.server_errors += 1
        if outcome.model_seconds and not 200 <= status < 300:
            self.model_errors += 1
        if outcome.model_seconds:
            self.times["ModelLatency"][rounded(outcome.model_seconds * 1e6)] += 1
        self.times["OverheadLatency"][rounded(outcome.overhead_seconds * 1e6)] += 1


class CloudWatchMetrics:
    """Aggregates what was seen, and puts it; of each instance too, where the endpoint has enhanced metrics.

    https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch-enhanced-metrics.html
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._series: dict[_Place, _Series] = {}
        self._waiting: deque[tuple[str, str, list[dict[str, Any]]]] = deque(maxlen=MAX_WAITING)

    def saw(self, outcome: Outcome) -> None:
        """Count an outcome."""
        key = outcome.exchange.key
        self._at(_Place(key, outcome.variant)).saw(outcome)
        if outcome.exchange.route.enhanced and outcome.instance:
            self._at(_Place(key, outcome.variant, outcome.instance)).saw(outcome)

    def _at(self, place: _Place) -> _Series:
        series = self._series.get(place)
        if series is None:
            series = self._series[place] = _Series()
        return series

    def measure(self, key: RouteKey, variant: str, metric: str, value: float) -> None:
        """One more value of a metric that only some endpoints have; without a variant it is the endpoint's."""
        series = self._at(_Place(key, variant))
        series.more.setdefault(metric, Counter())[rounded(value)] += 1

    def saw_async(self, done: Done) -> None:
        """Count an asynchronous invocation that has ended.

        https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
        """
        failed = float(done.outcome.status != "Completed")
        self.measure(done.key, "", "InvocationsProcessed", 1.0)
        self.measure(done.key, "", "InvocationFailures", failed)
        self.measure(done.key, "", "ExpiredRequests", float(done.outcome.status == "Expired"))
        self.measure(done.key, "", "TimeInBacklog", done.queued_seconds * 1e3)
        self.measure(done.key, "", "TotalProcessingTime", done.total_seconds * 1e3)

    async def flush(self) -> None:
        """Put what was seen since the last time; what the edge does not take is tried again."""
        seen, self._series = self._series, {}
        now = time.time()
        places: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for place, series in seen.items():
            places.setdefault((place.key.account, place.key.region), []).extend(_data(place, series, now))
        for (account, region), data in places.items():
            for start in range(0, len(data), MAX_DATA):
                self._waiting.append((account, region, data[start : start + MAX_DATA]))
        while self._waiting:
            account, region, batch = self._waiting[0]
            request = {"Namespace": NAMESPACE, "MetricData": batch}
            try:
                await self._aws.call(account, region, "cloudwatch", "put_metric_data", request)
            except AwsUnavailable as error:
                _log.warning("metrics wait for CloudWatch", batches=len(self._waiting), error=str(error))
                return
            except AwsRefused as error:
                _log.error("CloudWatch refuses metrics", error=str(error))
            self._waiting.popleft()


def _model_status(outcome: Outcome) -> int:
    """The status that the model answered with, which is what AWS counts; no answer is the server's fault."""
    if outcome.answer is not None:
        return outcome.answer.status
    return 500 if outcome.status == 424 else outcome.status


def rounded(value: float) -> float:
    """To three significant digits: so percentiles stay true, and distinct values few."""
    if value <= 0:
        return 0.0
    return round(value, 2 - math.floor(math.log10(value)))


def _data(place: _Place, series: _Series, now: float) -> Iterator[dict[str, Any]]:
    common: dict[str, Any] = {"Dimensions": place.dimensions(), "Timestamp": now}
    count = series.invocations
    if count:
        totals = {
            "Invocations": {1.0: count},
            "InvocationsPerInstance": {1.0 / max(series.instances, 1): count},
            "Invocation4XXErrors": {0.0: count - series.client_errors, 1.0: series.client_errors},
            "Invocation5XXErrors": {0.0: count - series.server_errors, 1.0: series.server_errors},
            "InvocationModelErrors": {0.0: count - series.model_errors, 1.0: series.model_errors},
        }
        if place.instance:
            del totals["InvocationsPerInstance"]
        for name, values in totals.items():
            yield from _datum(name, "None", values, common)
    for name, values in (*series.times.items(), *series.more.items()):
        yield from _datum(name, UNITS.get(name, "None"), values, common)


def _datum(name: str, unit: str, values: dict[float, int], common: dict[str, Any]) -> Iterator[dict[str, Any]]:
    counted = [(value, count) for value, count in values.items() if count]
    for start in range(0, len(counted), MAX_VALUES):
        part = counted[start : start + MAX_VALUES]
        yield {
            **common,
            "MetricName": name,
            "Unit": unit,
            "Values": [value for value, _ in part],
            "Counts": [float(count) for _, count in part],
        }
