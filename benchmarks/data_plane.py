"""What InvokeEndpoint through `endpoints` costs against the model container asked directly.

The same client asks the container and the data plane in turns, in one run, and rounds go forth and back, so that what
else the machine does falls on all alike; medians over the rounds are compared. Signatures are checked, every request is
captured, and metrics are kept. A third line is the same data plane with httpx for aiohttp; a fourth, with --edge, a running
edge, which passes requests on to its own data plane.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import typer
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = Path(__file__).with_name("data_plane_processes.py")
ACCOUNT, REGION, ENDPOINT = "000000000000", "us-east-1", "clinical"
ROW = ",".join(["17.99", "10.38", "122.8", "1001", "0.1184", "0.2776"] * 5)
CONCURRENT = 16
GOAL_RATIO, GOAL_ADDED_MS, GOAL_OF_EDGE = 0.8, 0.5, 6
START_SECONDS = 30
NOWHERE = "127.0.0.1:1"
"""No edge: what is captured stays on disk, as it does while the edge is away."""

WRK_DONE = """
function done(summary, latency)
  local e = summary.errors
  print(string.format('RESULT {"requests_per_second": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d}',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass
class Target:
    """What is asked."""

    name: str
    url: str

    def measure(self, connections: int, seconds: float, folder: Path) -> dict[str, float]:
        """Requests per second and median latency (ms) with that many connections."""
        headers = signed_headers(self.url)
        wrk = shutil.which("wrk")
        if wrk is None:
            parts = urlsplit(self.url)
            options = [parts.netloc, parts.path, json.dumps(headers), ROW, str(connections), str(seconds)]
            return json.loads(output([sys.executable, str(PROCESSES), "client", *options]))
        script = folder / "request.lua"
        lines = [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items()]
        script.write_text("\n".join(['wrk.method = "POST"', f'wrk.body = "{ROW}"', *lines, WRK_DONE]))
        printed = output([wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(script), self.url])
        result = json.loads(printed.partition("RESULT ")[2])
        if result.pop("errors"):
            raise SystemExit(f"{self.name} answered with errors:\n{printed}")
        return result


def signed_headers(url: str) -> dict[str, str]:
    """Headers of an InvokeEndpoint, signed; the container gets the same, so that the client does the same."""
    request = AWSRequest("POST", url, {"Content-Type": "text/csv", "Accept": "application/json"}, ROW)
    SigV4Auth(Credentials(ACCOUNT, "test"), "sagemaker", REGION).add_auth(request)
    return dict(request.headers.items())


def output(command: list[str]) -> str:
    """What a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def server(command: list[str], port: int, path: str, **environment: str) -> Iterator[str]:
    """A server process and its URL, from its first answer on."""
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + START_SECONDS
    try:
        while not answers(f"{url}{path}"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"did not start: {' '.join(command)}")
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def keep_apart(container: int) -> None:
    """Give a process the first core, and what is started from here on the others; Linux only."""
    first, *others = sorted(os.sched_getaffinity(0))
    for thread in Path(f"/proc/{container}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {first})
    os.sched_setaffinity(0, others)


def answers(url: str) -> bool:
    """True when an HTTP server answers there."""
    try:
        httpx.get(url, timeout=1)
    except httpx.TransportError:
        return False
    return True


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def put_route(url: str, container: str) -> None:
    """Send ENDPOINT's requests to one container."""
    instance = {"id": "i-0", "containers": [{"hostname": "container-1", "url": container}]}
    document = {
        "arn": "benchmark",
        "variants": [{"name": "AllTraffic", "weight": 1, "instances": [instance]}],
        "capture": {
            "destination": "s3://benchmark/captured",
            "percentage": 100,
            "input": True,
            "output": True,
            "csv_types": ["text/csv"],
            "json_types": ["application/json"],
        },
    }
    httpx.put(f"{url}/_obsiverse/routes/{ACCOUNT}/{REGION}/{ENDPOINT}", json=document).raise_for_status()


@contextmanager
def targets(
    model_url: str | None, compute_ms: float, python: Path, folder: Path, edge: str | None
) -> Iterator[list[Target]]:
    """The container, the data plane, and the data plane with httpx; all stopped at the end."""
    with ExitStack() as running:
        if model_url is None:
            port = free_port()
            command = [str(python), str(PROCESSES), "model", str(port), str(compute_ms)]
            model_url = running.enter_context(server(command, port, "/ping"))
        model_url = model_url.rstrip("/")
        found = [Target("direct", f"{model_url}/invocations")]
        invoke = f"/endpoints/{ENDPOINT}/invocations"
        port = free_port()
        settings = {
            "ENDPOINTS_LISTEN": f"127.0.0.1:{port}",
            "ENDPOINTS_DATA": str(folder / "aiohttp"),
            "ENDPOINTS_AWS": NOWHERE,
        }
        url = running.enter_context(server([str(python), "-m", "obsiverse_endpoints"], port, "/health", **settings))
        put_route(url, model_url)
        found.append(Target("endpoints", f"{url}{invoke}"))
        port = free_port()
        command = [str(python), str(PROCESSES), "httpx", str(port), str(folder / "httpx")]
        url = running.enter_context(server(command, port, "/health", BENCHMARK_TOOLS=sysconfig.get_path("purelib")))
        put_route(url, model_url)
        found.append(Target("endpoints, httpx", f"{url}{invoke}"))
        if edge is not None:
            found.append(Target("edge", f"{edge.rstrip('/')}{invoke}"))
        yield found


def measure(found: list[Target], rounds: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Medians over the rounds by target; ratios and differences are those of the same round."""
    samples: dict[str, list[dict[str, float]]] = {target.name: [] for target in found}
    for target in found:
        target.measure(CONCURRENT, 1, folder)  # warm
    for number in range(rounds):
        for target in found if number % 2 == 0 else reversed(found):
            many, one = (target.measure(clients, seconds, folder) for clients in (CONCURRENT, 1))
            kept = {
                "requests_per_second": many["requests_per_second"],
                "p50_ms": one["p50_ms"],
                "p99_ms": many["p99_ms"],
            }
            samples[target.name].append(kept)
    direct = samples["direct"]
    return {
        name: {
            "requests_per_second": statistics.median(one["requests_per_second"] for one in rows),
            "p50_ms": statistics.median(one["p50_ms"] for one in rows),
            "ratio": statistics.median(
                one["requests_per_second"] / base["requests_per_second"] for one, base in zip(rows, direct, strict=True)
            ),
            "p99": statistics.median(one["p99_ms"] / base["p99_ms"] for one, base in zip(rows, direct, strict=True)),
            "added_ms": statistics.median(
                one["p50_ms"] - base["p50_ms"] for one, base in zip(rows, direct, strict=True)
            ),
        }
        for name, rows in samples.items()
    }


def main(
    url: Annotated[str | None, typer.Option(help="A model container's URL; a stand-in where none is given.")] = None,
    compute_ms: Annotated[float, typer.Option(help="What the stand-in computes for each request.")] = 0.2,
    edge: Annotated[str | None, typer.Option(help="A running edge's URL, which has the endpoint clinical.")] = None,
    apart: Annotated[
        int | None,
        typer.Option(help="The container's process, which gets a core of its own, as an instance is a machine."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    seconds: Annotated[float, typer.Option(min=1, help="Of each measurement.")] = 2,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    python: Annotated[Path, typer.Option(help="Of the environment of services/endpoints.")] = ROOT
    / ".obsiverse/venvs/endpoints/bin/python",
) -> None:
    """Print a table, or JSON."""
    if apart is not None:
        keep_apart(apart)
    with tempfile.TemporaryDirectory() as name, targets(url, compute_ms, python, Path(name), edge) as found:
        results = measure(found, rounds, seconds, Path(name))
    model = url or f"stand-in, {compute_ms} ms"
    client = "wrk" if shutil.which("wrk") else "asyncio"
    if as_json:
        print(json.dumps({"model": model, "client": client, "rounds": rounds, "seconds": seconds, "results": results}))
        return
    table = Table(title=f"InvokeEndpoint: {model}; client {client}; medians of {rounds} rounds of {seconds:g} s")
    for column in (
        "",
        f"req/s, {CONCURRENT} clients",
        "of direct",
        "median ms, 1 client",
        "added ms",
        "p99 of direct's",
    ):
        table.add_column(column, justify="left" if not column else "right")
    for target, row in results.items():
        table.add_row(
            target,
            f"{row['requests_per_second']:,.0f}",
            f"{row['ratio']:.0%}",
            f"{row['p50_ms']:.3f}",
            f"{row['added_ms']:.3f}",
            f"{row['p99']:.1f} ×",
        )
    table.add_row("goal (97 % for a model of 10 ms)", "", f"≥ {GOAL_RATIO:.0%}", "", f"≤ {GOAL_ADDED_MS}", "≤ 2 ×")
    if edge is not None:
        times = results["endpoints"]["ratio"] / results["edge"]["ratio"]
        table.add_row("of what goes through the edge", "", f"{times:.1f} × (goal {GOAL_OF_EDGE} ×)", "", "", "")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
