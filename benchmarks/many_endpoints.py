"""What the hundredth endpoint costs: control calls, and the time until it is in service, against the second's.

`python benchmarks/many_endpoints.py [--count N]`. Each endpoint has one instance of a container of a few lines, so that what is
measured is the platform's own work.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLATFORM = ROOT / "services/aws/tests"
INSIDE = "OBSIVERSE_BENCHMARK_INSIDE"
AROUND = 5
"""Endpoints at either end whose times are compared."""
ROUNDS = 30


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def measure(count: int) -> None:
    """Deploy, call, and print; in the environment of services/aws."""
    sys.path.insert(0, str(PLATFORM))
    from obsiverse_aws import service_index
    from platform_under_test import Platform

    with tempfile.TemporaryDirectory() as name:
        cache = Path(name) / "cache"
        cache.mkdir()
        service_index.ensure(cache)
        platform = Platform(Path(name), cache)
        try:
            platform.start()
            platform.make_config("light")
            times = [seconds(lambda number=number: deploy(platform, f"e-{number}")) for number in range(count)]
            first, last = (statistics.median(part) for part in (times[1 : 1 + AROUND], times[-AROUND:]))
            print(
                f"in service after: the 2nd {first:.2f} s, the {count}th {last:.2f} s: {last / first:.2f} x (goal 1.5)"
            )
            for operation, call in calls(platform).items():
                took = 1000 * statistics.median(seconds(call) for _ in range(ROUNDS))
                print(f"{operation} with {count} endpoints: {took:.1f} ms at the median (goal 20)")
        finally:
            platform.end()


def deploy(platform, name: str) -> None:
    """One endpoint, until it is in service."""
    platform.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="light")
    platform.wait_for_endpoint(name, "InService")


def calls(platform) -> dict[str, Callable[[], object]]:
    """Control calls by name."""
    sagemaker = platform.sagemaker
    weights = [{"VariantName": "AllTraffic", "DesiredWeight": 1.0}]
    return {
        "DescribeEndpoint": lambda: sagemaker.describe_endpoint(EndpointName="e-1"),
        "ListEndpoints": lambda: sagemaker.list_endpoints(MaxResults=100),
        "UpdateEndpointWeightsAndCapacities": lambda: update(platform, weights),
        "CreateEndpointConfig": lambda: platform.sagemaker.create_endpoint_config(
            EndpointConfigName=f"c-{time.time_ns()}",
            ProductionVariants=[
                {
                    "VariantName": "v",
                    "ModelName": "light",
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ],
        ),
    }


def update(platform, weights: list[dict[str, object]]) -> None:
    """A change that is accepted; each of another endpoint, since one that changes takes no other."""
    name = f"e-{update.count % 50 + 2}"
    update.count += 1
    platform.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=weights)


update.count = 0


def main() -> None:
    """Go over to the environment of services/aws, and measure there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    count = parser.parse_args().count
    if INSIDE in os.environ:
        measure(count)
        return
    from obsiverse.components import python_environment

    python = python_environment(ROOT / "services/aws", ROOT / ".obsiverse/venvs")
    command = [python, __file__, "--count", str(count)]
    raise SystemExit(subprocess.run(command, env={**os.environ, INSIDE: "1"}, check=False).returncode)


if __name__ == "__main__":
    main()
