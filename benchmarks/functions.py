"""Lambda functions at the edge: invocations of a warm environment, and of one that must be started.

Starts an edge and an agent of its own, in the environment of services/aws; needs no stack.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INSIDE = "OBSIVERSE_BENCHMARK_INSIDE"
WARM, COLD = 200, 15
GOAL_WARM, GOAL_COLD = 15, 150  # ms
SOURCE = "def handler(event, context):\n    return event\n"


def measure() -> None:
    """Invoke, and print."""
    sys.path.insert(0, str(ROOT / "services/aws/tests"))
    # Behind LocalStack's packages, which must not meet others' versions.
    sys.path.append(os.environ[INSIDE])
    from obsiverse_aws import service_index
    from platform_under_test import Platform
    from test_lambda import Function

    with tempfile.TemporaryDirectory() as name:
        cache = Path(name) / "cache"
        cache.mkdir()
        service_index.ensure(cache)
        platform = Platform(Path(name), cache)
        try:
            platform.start()
            function = Function(platform, "warm", SOURCE)
            warm = [milliseconds(function) for _ in range(WARM + 1)][1:]
            functions = [Function(platform, f"cold-{number}", SOURCE) for number in range(COLD)]
            cold = [milliseconds(one) for one in functions]
        finally:
            platform.end()
    for kind, times, goal in (("warm", warm, GOAL_WARM), ("cold", cold, GOAL_COLD)):
        spread = f"p90 {sorted(times)[len(times) * 9 // 10]:6.1f} ms"
        print(f"{kind} invocation, median {statistics.median(times):6.1f} ms, {spread}   goal {goal} ms")


def milliseconds(function) -> float:
    """How long an invocation takes, from boto3's call to its answer."""
    began = time.perf_counter()
    function.client.invoke(FunctionName=function.name, Payload=b"{}")["Payload"].read()
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    """Go over to the environment of services/aws, and measure there."""
    if INSIDE in os.environ:
        measure()
        return
    from obsiverse.components import python_environment

    python = python_environment(ROOT / "services/aws", ROOT / ".obsiverse/venvs")
    environment = {**os.environ, INSIDE: sysconfig.get_path("purelib")}
    raise SystemExit(subprocess.run([python, __file__], env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
