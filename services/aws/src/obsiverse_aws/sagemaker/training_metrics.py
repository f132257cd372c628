"""A training job's metrics, found in its log by its MetricDefinitions."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from obsiverse_aws.clients import Clients
from obsiverse_aws.sagemaker.models import TrainingJob
from obsiverse_aws.sagemaker.task_logs import Line

NAMESPACE = "/aws/sagemaker/TrainingJobs"
# PutMetricData takes at most 1,000 values a call.
MAX_VALUES = 1000


class TrainingMetrics:
    """Finds values in lines and puts them to CloudWatch, under the dimension that AWS gives them."""

    def __init__(self, job: TrainingJob) -> None:
        definitions = job.definition["AlgorithmSpecification"].get("MetricDefinitions", [])
        self._expressions = [(one["Name"], re.compile(one["Regex"])) for one in definitions]
        # The SDK's TrainingJobAnalytics looks there; `Host` is the dimension of what instances use.
        self._dimensions = [{"Name": "TrainingJobName", "Value": job.name}]
        self._clients = Clients(job.account, job.region)

    def put(self, lines: list[Line]) -> None:
        """Put what stands in the lines to CloudWatch."""
        values: list[dict[str, Any]] = [
            {"MetricName": name, "Dimensions": self._dimensions, "Timestamp": at, "Value": value}
            for name, value, at in self._find(lines)
        ]
        for start in range(0, len(values), MAX_VALUES):
            self._clients.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=values[start : start + MAX_VALUES])

    def last(self, lines: list[Line]) -> dict[str, tuple[float, float]]:
        """The last value and its time in Unix seconds of each metric that stands in the lines."""
        return {name: (value, at) for name, value, at in self._find(lines)}

    def _find(self, lines: list[Line]) -> Iterator[tuple[str, float, float]]:
        for at, line in lines:
            for name, expression in self._expressions:
                for match in expression.finditer(line):
                    try:
                        value = float(match.group(1))
                    except (TypeError, ValueError):
                        continue
                    if math.isfinite(value):
                        yield name, value, at
