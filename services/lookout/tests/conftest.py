"""What tests share: a Lookout, a Prometheus with known series, the data planes of logs and traces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

# The helpers stand beside the tests, under whatever import mode pytest runs.
sys.path.insert(0, str(Path(__file__).parent))
from running import ROOT, Lookout, component, eventually, free_address, service_python, wait

ACCOUNT, REGION = "313131313131", "us-east-1"
WORKSPACE = "ws-11111111-2222-3333-4444-555555555555"
METRICS = """\
# TYPE plain gauge
plain{{zone="a"}} 1
plain{{zone="b"}} 2
# TYPE odd gauge
odd{{kind="nan"}} NaN
odd{{kind="inf"}} +Inf
# TYPE latency_seconds histogram
latency_seconds_bucket{{le="0.1"}} 3
latency_seconds_bucket{{le="1"}} 5
latency_seconds_bucket{{le="+Inf"}} 6
latency_seconds_sum 4
latency_seconds_count 6
{many}
"""
MANY = 10_000


@pytest.fixture(scope="session")
def lookout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lookout]:
    """One Lookout for all tests that leave it as they found it."""
    one = Lookout(tmp_path_factory.mktemp("lookout"))
    yield one
    one.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Lookout]]:
    """Starts Lookouts with settings of their own; ends them after the test."""
    running: list[Lookout] = []

    def begin(**environment: str) -> Lookout:
        running.append(Lookout(tmp_path / f"lookout-{len(running)}", **environment))
        return running[-1]

    yield begin
    for one in running:
        one.close()


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real Prometheus that scrapes a file with plain, odd and many series."""
    folder, address, exporter = tmp_path_factory.mktemp("prometheus"), free_address(), free_address()
    many = "\n".join(f'many{{number="{number}"}} {number}' for number in range(MANY))
    (folder / "metrics").write_text(METRICS.format(many=f"# TYPE many gauge\n{many}"))
    host, port = exporter.split(":")
    scrape = {
        "job_name": "test",
        "fallback_scrape_protocol": "PrometheusText0.0.4",
        "static_configs": [{"targets": [exporter]}],
    }
    # JSON is YAML too.
    (folder / "prometheus.yml").write_text(
        json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]})
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "http.server", "--bind", host, "--directory", folder, port],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    ]
    try:
        command = [
            component("prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address={address}",
            "--enable-feature=exemplar-storage",
        ]
        started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        wait(started[1], f"http://{address}/-/ready")
        eventually(lambda: _value(address, "count(many)") == MANY, 60)
        yield f"http://{address}"
    finally:
        for process in started:
            process.kill()
            process.wait()


def _value(address: str, query: str) -> float | None:
    found = httpx.get(f"http://{address}/api/v1/query", params={"query": query}).json()["data"]["result"]
    return float(found[0]["value"][1]) if found else None


@pytest.fixture(scope="session")
def planes(tmp_path_factory: pytest.TempPathFactory, prometheus: str) -> Iterator[str]:
    """The URL of the stack's own data planes of AMP (in front of that Prometheus), X-Ray and Logs, signatures checked."""
    address = free_address()
    environment = {
        **os.environ,
        "TELEMETRY_LISTEN": address,
        "TELEMETRY_DATA": str(tmp_path_factory.mktemp("telemetry")),
    }
    process = subprocess.Popen([service_python("telemetry"), "-m", "obsiverse_telemetry"], env=environment)
    try:
        wait(process, f"http://{address}/health")
        programs = {"prometheus": prometheus, "alertmanager": f"http://{free_address()}"}
        kept = httpx.put(f"http://{address}/_obsiverse/workspaces/{ACCOUNT}/{REGION}/{WORKSPACE}", json=programs)
        assert kept.status_code == 200, kept.text
        yield f"http://{address}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def cloudwatch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a moto server: CloudWatch's metrics without the edge, which takes LocalStack."""
    address = free_address()
    host, port = address.split(":")
    process = subprocess.Popen(
        [ROOT / ".venv/bin/moto_server", "-H", host, "-p", port],
        cwd=tmp_path_factory.mktemp("moto"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait(process, f"http://{address}/moto-api/")
        yield f"http://{address}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def now() -> float:
    """Seconds since the epoch."""
    return time.time()
