"""Spans through the collector to X-Ray: how many are stored and found, how soon, and how long a search among a million takes.

Starts a collector and a data plane of its own; needs no stack.
"""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx

if TYPE_CHECKING:
    from google.protobuf.message import Message

ROOT = Path(__file__).resolve().parents[1]
INSIDE = "OBSIVERSE_BENCHMARK_INSIDE"
SPANS_A_TRACE, TRACES_A_REQUEST = 10, 50
SECONDS, SENDERS = 20, 2
GOAL_SPANS, GOAL_VISIBLE, GOAL_SEARCH = 5000, 3.0, 300.0
MILLION, COPIES = 1_000_000, 100
REGION, ACCOUNT = "us-east-1", "000000000000"


def request(traces: list[bytes]) -> Message:
    """An exporter's request: for each trace a server's span and nine calls."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    message, now = ExportTraceServiceRequest(), time.time_ns()
    group = message.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "shop"
    spans = group.scope_spans.add().spans
    for trace in traces:
        root = secrets.token_bytes(8)
        for position in range(SPANS_A_TRACE):
            span = spans.add(trace_id=trace, span_id=secrets.token_bytes(8), parent_span_id=root, name="call", kind=3)
            if position == 0:
                span.span_id, span.parent_span_id, span.kind = root, b"", 2
            span.start_time_unix_nano, span.end_time_unix_nano = now - 10_000_000, now
            span.attributes.add(key="http.request.method").value.string_value = "GET"
            span.attributes.add(key="http.response.status_code").value.int_value = 200
            span.attributes.add(key="url.full").value.string_value = "http://shop/cart"
            span.attributes.add(key="server.address").value.string_value = f"service-{position}"
    return message


def new_trace() -> bytes:
    """A trace's id."""
    return int(time.time()).to_bytes(4, "big") + secrets.token_bytes(12)


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, Any]]:
    """A data plane with Transaction Search on, and a collector that sends to it: the collector's URL, and X-Ray's client."""
    listen, otlp, grpc, health = (f"127.0.0.1:{free_port()}" for _ in range(4))
    data_plane = subprocess.Popen(
        [sys.executable, "-m", "obsiverse_telemetry"],
        env={**os.environ, "TELEMETRY_LISTEN": listen, "TELEMETRY_DATA": str(folder / "telemetry")},
        stderr=subprocess.DEVNULL,
    )
    environment = {
        "OTLP_GRPC_LISTEN": grpc,
        "OTLP_HTTP_LISTEN": otlp,
        "OTEL_HEALTH_LISTEN": health,
        "OTEL_QUEUE_DIR": str(folder / "queue"),
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AMP_REMOTE_WRITE_URL": f"http://{listen}/nowhere",
        "XRAY_TRACES_ENDPOINT": f"http://{listen}/v1/traces",
        "LOGS_OTLP_ENDPOINT": f"http://{listen}/v1/logs",
    }
    command = [os.environ["OTELCOL"], f"--config={ROOT / 'otel-collector' / 'config.yaml'}"]
    collector = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
    try:
        for url in (f"http://{listen}/health", f"http://{health}/"):
            wait(url)
        xray = boto3.client(
            "xray",
            endpoint_url=f"http://{listen}",
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",  # noqa: S106 - every account's
        )
        xray.update_trace_segment_destination(Destination="CloudWatchLogs")
        xray.update_indexing_rule(Name="Default", Rule={"Probabilistic": {"DesiredSamplingPercentage": 100}})
        while xray.get_trace_segment_destination()["Status"] != "ACTIVE":
            time.sleep(0.1)
        yield f"http://{otlp}/v1/traces", xray
    finally:
        for process in (collector, data_plane):
            process.terminate()
            process.wait(20)


def wait(url: str) -> None:
    """Until a URL answers."""
    deadline = time.monotonic() + 30
    while True:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(url)
        time.sleep(0.1)


def send(url: str, rate: float, stop: float) -> int:
    """Send requests at a rate of spans a second until a time; how many spans the collector took."""
    headers = {"content-type": "application/x-protobuf"}
    size, taken = SPANS_A_TRACE * TRACES_A_REQUEST, 0
    due = time.monotonic()
    with httpx.Client(timeout=30) as client:
        while time.monotonic() < stop:
            body = request([new_trace() for _ in range(TRACES_A_REQUEST)]).SerializeToString()
            if client.post(url, content=body, headers=headers).status_code == 200:
                taken += size
            due += size / rate
            time.sleep(max(0.0, due - time.monotonic()))
    return taken


def flow(url: str, xray: Any, database: Path) -> None:
    """Print how a flow of spans at the goal's rate is kept up with."""
    began = time.monotonic()
    results: list[int] = []

    def sender() -> None:
        results.append(send(url, GOAL_SPANS / SENDERS, began + SECONDS))

    threads = [threading.Thread(target=sender) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    visible: list[float] = []
    while time.monotonic() < began + SECONDS - 5:
        visible.append(probe(url, xray))
    for thread in threads:
        thread.join()
    sent, ended = sum(results), time.monotonic()
    probes = len(visible) * SPANS_A_TRACE
    while count(database, "segments") < sent + probes or count(database, "changed"):
        if time.monotonic() > ended + 120:
            raise TimeoutError(f"{count(database, 'segments')} of {sent + probes} spans are stored")
        time.sleep(0.1)
    seconds = time.monotonic() - began
    print(f"{'spans sent':<44}{sent / (ended - began):10.0f} /s")
    print(f"{'spans stored and found, until the last is':<44}{sent / seconds:10.0f} /s   goal {GOAL_SPANS}")
    print(f"{'a trace is found after its last span, median':<44}{statistics.median(visible):10.2f} s")
    print(f"{'a trace is found after its last span, slowest':<44}{max(visible):10.2f} s    goal {GOAL_VISIBLE}")


def probe(url: str, xray: Any) -> float:
    """Seconds until a search finds a trace that is sent now."""
    trace = new_trace()
    httpx.post(url, content=request([trace]).SerializeToString(), headers={"content-type": "application/x-protobuf"})
    began, identity = time.monotonic(), f"1-{trace.hex()[:8]}-{trace.hex()[8:]}"
    while True:
        if xray.get_trace_graph(TraceIds=[identity])["Services"]:
            return time.monotonic() - began
        time.sleep(0.05)


def count(database: Path, table: str) -> int:
    """Rows of a table."""
    with sqlite3.connect(database, timeout=30) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - ours


def search(xray: Any, database: Path) -> None:
    """Print how long searches take among a million spans, the index of some of them copied over the last day."""
    with sqlite3.connect(database, timeout=60) as connection:
        connection.execute(
            "DELETE FROM traces WHERE id NOT IN (SELECT id FROM traces ORDER BY id LIMIT ?)",
            (MILLION // SPANS_A_TRACE // COPIES,),
        )
        for table in ("trace_services", "trace_edges", "trace_annotations"):
            connection.execute(f"DELETE FROM {table} WHERE trace NOT IN (SELECT id FROM traces)")  # noqa: S608
        names = [
            row[1]
            for row in connection.execute("PRAGMA table_info(traces)")
            if row[1] not in ("id", "trace_id", "start_time")
        ]
        connection.execute("CREATE TEMP TABLE originals AS SELECT id FROM traces")
        for copy in range(1, COPIES):
            step = connection.execute("SELECT max(id) FROM traces").fetchone()[0]
            connection.execute(
                f"INSERT INTO traces (id, trace_id, start_time, {', '.join(names)}) "  # noqa: S608
                f"SELECT id + ?, trace_id || '-' || ?, start_time - ?, {', '.join(names)} FROM traces WHERE id IN originals",
                (step, copy, copy * 800),
            )
            for table in ("trace_services", "trace_edges"):
                columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")][1:]
                connection.execute(
                    f"INSERT INTO {table} SELECT trace + ?, {', '.join(columns)} FROM {table} WHERE trace IN originals",  # noqa: S608
                    (step,),
                )
    now = time.time()
    print(f"{'traces of ten spans':<44}{count(database, 'traces'):10}")
    for said, expression in (
        ("all", ""),
        ("http.status", "http.status = 200"),
        ("none is found", "fault AND responsetime > 5"),
        ("service", 'service("service-7") { responsetime > 0.001 }'),
        ("edge, none is found", 'edge("shop", "service-3") { fault }'),
    ):
        times: list[float] = []
        for _ in range(7):
            began = time.perf_counter()
            asked = {"FilterExpression": expression} if expression else {}
            xray.get_trace_summaries(StartTime=now - 86_000, EndTime=now + 60, **asked)
            times.append(1000 * (time.perf_counter() - began))
        print(f"{f'search of a day: {said}':<44}{statistics.median(times):10.0f} ms   goal {GOAL_SEARCH:.0f}")


def main() -> None:
    """Measure in a folder that goes away, with the Python of services/telemetry."""
    if not os.environ.get(INSIDE):
        from obsiverse.components import get, python_environment

        python = python_environment(ROOT / "services/telemetry", ROOT / ".obsiverse/venvs")
        own = [path for path in sys.path if path.endswith("site-packages")]
        environment = {
            **os.environ,
            INSIDE: "1",
            "OTELCOL": str(get("otelcol").path),
            "PYTHONPATH": os.pathsep.join(own),
        }
        raise SystemExit(subprocess.run([python, __file__], env=environment, check=False).returncode)
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as (url, xray):
        database = Path(name) / "telemetry" / "xray.db"
        flow(url, xray, database)
        search(xray, database)


if __name__ == "__main__":
    main()
