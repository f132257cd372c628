"""Faults: whatever is killed comes back by itself, and ends leave nothing behind. Runs last: it disturbs the stack."""

from __future__ import annotations

import os
import secrets
import signal
import time

import httpx
import psutil
import pytest

pytestmark = pytest.mark.timeout(1800)
SERVICES = (
    "inbox",
    "grafana",
    "telemetry",
    "traffic",
    "alertmanager",
    "prometheus",
    "otel-collector",
    "endpoints",
    "mlflow",
    "aws",
)


def healthy_again(stack, name, old_pid):
    def probe():
        row = stack.rows().get(name)
        return row and row["health"] == "healthy" and row["pid"] not in (None, old_pid) and row

    return probe


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_service_is_healthy_again(stack, eventually, name):
    pid = stack.rows()[name]["pid"]
    os.kill(pid, signal.SIGKILL)
    row = eventually(healthy_again(stack, name, pid), within=60)
    assert row["restarts"] >= 1


def test_a_killed_endpoint_instance_serves_again(stack, eventually):
    row = next(row for row in stack.rows().values() if row["kind"] == "task" and row["health"] == "healthy")
    os.kill(row["pid"], signal.SIGKILL)
    eventually(healthy_again(stack, row["name"], row["pid"]), within=60)
    runtime = stack.client("sagemaker-runtime")
    eventually(
        lambda: runtime.invoke_endpoint(EndpointName="clinical", ContentType="text/csv", Body=",".join(["1"] * 30)),
        within=30,
    )


def test_a_killed_agent_comes_back_and_nothing_restarted(stack, eventually):
    def pids():
        rows = stack.rows().items()
        return {name: row["pid"] for name, row in rows if row["state"] == "running" and row["kind"] != "engine"}

    before, agent = pids(), stack.agent_pid()
    os.kill(agent, signal.SIGKILL)
    eventually(lambda: stack.agent_pid() != agent and pids() == before, within=60)
    stack.run("wait", "--timeout", "60")


def test_the_endpoint_answers_while_the_edge_is_killed(stack, eventually):
    runtime = stack.client("sagemaker-runtime")
    pid = stack.rows()["aws"]["pid"]
    os.kill(pid, signal.SIGKILL)
    answer = runtime.invoke_endpoint(EndpointName="clinical", ContentType="text/csv", Body=",".join(["1"] * 30))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    eventually(healthy_again(stack, "aws", pid), within=60)


def otlp(traces):
    """An OTLP export of one span for each trace id, as JSON."""
    now = time.time_ns()
    spans = [
        {
            "traceId": trace,
            "spanId": secrets.token_hex(8),
            "name": "GET /",
            "kind": 2,
            "startTimeUnixNano": str(now - 1_000_000),
            "endTimeUnixNano": str(now),
        }
        for trace in traces
    ]
    service = {"key": "service.name", "value": {"stringValue": "fault"}}
    return {"resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": [{"spans": spans}]}]}


def test_spans_outlive_the_loss_of_x_ray_and_a_kill_of_the_collector(stack, eventually):
    collector, xray = stack.url("otel-collector", 4318), stack.client("xray")
    xray.get_trace_segment_destination()
    traces = [f"{int(time.time()):08x}{secrets.token_hex(12)}" for _ in range(500)]
    pids = {name: stack.rows()[name]["pid"] for name in ("telemetry", "otel-collector")}
    # Stopped, so that it does not come back by itself: what is sent meanwhile can only wait.
    os.kill(pids["telemetry"], signal.SIGSTOP)
    try:
        for first in range(0, len(traces), 50):
            answer = httpx.post(f"{collector}/v1/traces", json=otlp(traces[first : first + 50]), timeout=10)
            assert answer.status_code == 200
        os.kill(pids["otel-collector"], signal.SIGKILL)
        eventually(healthy_again(stack, "otel-collector", pids["otel-collector"]), within=60)
    finally:
        os.kill(pids["telemetry"], signal.SIGCONT)

    eventually(lambda: not missing(xray, traces), within=90)


def missing(xray, traces):
    """Which traces, by their ids as OpenTelemetry writes them, X-Ray does not have."""
    ids = [f"1-{one[:8]}-{one[8:]}" for one in traces]
    lost = []
    for first in range(0, len(ids), 5):
        lost += xray.batch_get_traces(TraceIds=ids[first : first + 5])["UnprocessedTraceIds"]
    return lost


def test_spans_of_requests_wait_for_a_collector_that_is_away(stack, eventually):
    runtime, xray = stack.client("sagemaker-runtime"), stack.client("xray")
    traces = [f"{int(time.time()):08x}{secrets.token_hex(12)}" for _ in range(300)]
    with stack.without("otel-collector"):
        # For longer than an exporter of OpenTelemetry's tries.
        began = time.monotonic()
        for number, trace in enumerate(traces):
            attributes = f"traceparent=00-{trace}-{secrets.token_hex(8)}-01"
            row = ",".join(["1"] * 30)
            runtime.invoke_endpoint(
                EndpointName="clinical", ContentType="text/csv", Body=row, CustomAttributes=attributes
            )
            time.sleep(max(0.0, began + 20 * number / len(traces) - time.monotonic()))
    eventually(lambda: not missing(xray, traces), within=90)


def test_down_leaves_no_process_and_no_port(stack):
    if os.environ.get("OBSIVERSE_TEST_STACK"):
        pytest.skip("the stack is not the tests' own")
    pids = [row["pid"] for row in stack.rows().values() if row["pid"]] + [stack.agent_pid()]
    ports = [port for row in stack.rows().values() for port in row["ports"]]
    stack.run("down")
    assert not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]
    for port in ports:
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/")
    assert stack.leftovers() == []
    assert stack.json("ps") == []
    assert stack.run("down").returncode == 0
