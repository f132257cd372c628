"""How long GetMetricData takes over a day of minutes, from boto3's call to its answer."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
INSIDE = "OBSIVERSE_BENCHMARK_INSIDE"
BUCKETS, ROUNDS = 1440, 30
GOAL_MS = 25


def measure() -> None:
    """Measure with few and with many values; in the environment of services/aws."""
    sys.path.insert(0, str(ROOT / "services/aws/tests"))
    from obsiverse_aws import service_index
    from platform_under_test import Platform

    with tempfile.TemporaryDirectory() as name:
        cache = Path(name) / "cache"
        cache.mkdir()
        service_index.ensure(cache)
        platform = Platform(Path(name), cache)
        try:
            platform.start()
            for values in (1, 20):
                ask(platform.client("cloudwatch"), values)
        finally:
            platform.end()


def ask(cloudwatch: Any, values: int) -> None:
    """Print how long a day takes that has so many distinct values in each minute."""
    start = (time.time() // 3600 - 24) * 3600
    dimensions = [{"Name": "EndpointName", "Value": f"with-{values}"}]
    rng = random.Random(1)  # noqa: S311 - made-up latencies
    data = [
        {
            "MetricName": "ModelLatency",
            "Dimensions": dimensions,
            "Timestamp": start + 60 * minute,
            "Unit": "Microseconds",
            "Values": [round(rng.lognormvariate(8, 1)) for _ in range(values)],
            "Counts": [float(rng.randint(1, 9)) for _ in range(values)],
        }
        for minute in range(BUCKETS)
    ]
    for first in range(0, BUCKETS, 500):
        cloudwatch.put_metric_data(Namespace="AWS/SageMaker", MetricData=data[first : first + 500])
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": dimensions}
    for statistic in ("Sum", "p99"):
        query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}
        times: list[float] = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            answer = cloudwatch.get_metric_data(
                MetricDataQueries=[query], StartTime=start, EndTime=start + 60 * BUCKETS
            )
            times.append(1000 * (time.perf_counter() - began))
            assert len(answer["MetricDataResults"][0]["Values"]) == BUCKETS
        said = f"{statistic} of {BUCKETS} buckets of {values} values"
        print(f"{said:<36}{statistics.median(times):6.1f} ms" + (f"   goal {GOAL_MS}" if values == 1 else ""))


def main() -> None:
    """Go over to the environment of services/aws, and measure there."""
    if INSIDE in os.environ:
        measure()
        return
    from obsiverse.components import python_environment

    python = python_environment(ROOT / "services/aws", ROOT / ".obsiverse/venvs")
    raise SystemExit(subprocess.run([python, __file__], env={**os.environ, INSIDE: "1"}, check=False).returncode)


if __name__ == "__main__":
    main()
