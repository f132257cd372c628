"""CloudWatch Logs at the edge, with the data plane as a process behind it."""

from __future__ import annotations

import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from platform_under_test import ACCOUNT, REGION, ROOT, START_SECONDS, Platform, answers, free_port, wait_for

ENVIRONMENT = """
from pathlib import Path
from obsiverse.components import python_environment
print(python_environment(Path("services/telemetry"), Path(".obsiverse/venvs")))
"""


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Platform]:
    """An edge that forwards to a data plane."""
    made = subprocess.run(
        [ROOT / ".venv/bin/python", "-c", ENVIRONMENT], cwd=ROOT, check=True, capture_output=True, text=True
    )
    folder, address = tmp_path_factory.mktemp("logs"), f"127.0.0.1:{free_port()}"
    platform = Platform(folder, cache)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TELEMETRY_LISTEN", address)
        environment.setenv("TELEMETRY_DATA", str(folder / "telemetry"))
        environment.setenv("TELEMETRY_ADDR", address)
        environment.setenv("OBSIVERSE_ACCOUNT", ACCOUNT)
        environment.setenv("OBSIVERSE_REGION", REGION)
        platform._spawn("telemetry", [made.stdout.strip(), "-m", "obsiverse_telemetry"], {})
        try:
            wait_for(lambda: answers(f"http://{address}/health"), "telemetry", START_SECONDS)
            platform.start_agent()
            platform.start_edge()
            yield platform
        finally:
            platform.end()


@pytest.fixture
def names(edge):
    names = {"logGroupName": f"/test/{uuid.uuid4()}", "logStreamName": "one"}
    logs = edge.client("logs")
    logs.create_log_group(logGroupName=names["logGroupName"])
    logs.create_log_stream(**names)
    return names


def put(edge, names, *messages):
    at = time.time_ns() // 1_000_000
    edge.client("logs").put_log_events(**names, logEvents=[{"timestamp": at, "message": one} for one in messages])


def test_events_go_to_the_data_plane_and_come_from_it(edge, names):
    put(edge, names, "a", "b")
    logs = edge.client("logs")
    assert [one["message"] for one in logs.get_log_events(**names)["events"]] == ["a", "b"]
    found = logs.filter_log_events(logGroupName=names["logGroupName"], filterPattern="b")
    assert [one["message"] for one in found["events"]] == ["b"]
    (stream,) = logs.describe_log_streams(logGroupName=names["logGroupName"])["logStreams"]
    assert stream["lastEventTimestamp"] == stream["firstEventTimestamp"]


def test_a_deleted_group_takes_its_events_along(edge, names):
    put(edge, names, "gone")
    logs = edge.client("logs")
    logs.delete_log_group(logGroupName=names["logGroupName"])
    logs.create_log_group(logGroupName=names["logGroupName"])
    assert logs.describe_log_streams(logGroupName=names["logGroupName"])["logStreams"] == []
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_log_events(**names)


def test_retention_is_described_and_heeded(edge, names):
    logs = edge.client("logs")
    logs.put_retention_policy(logGroupName=names["logGroupName"], retentionInDays=1)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=names["logGroupName"])["logGroups"]
    assert group["retentionInDays"] == 1
    old = [{"timestamp": time.time_ns() // 1_000_000 - 2 * 86_400_000, "message": "old"}]
    assert logs.put_log_events(**names, logEvents=old)["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}


def test_a_metric_filter_puts_the_value_of_what_matches(edge, names):
    name = uuid.uuid4().hex
    transformation = {"metricName": name, "metricNamespace": "Test", "metricValue": "$.ms"}
    edge.client("logs").put_metric_filter(
        logGroupName=names["logGroupName"],
        filterName="slow",
        filterPattern="{ $.ms > 5 }",
        metricTransformations=[transformation],
    )
    put(edge, names, '{"ms": 3}', '{"ms": 7}')
    now = time.time()
    (point,) = edge.client("cloudwatch").get_metric_statistics(
        Namespace="Test",
        MetricName=name,
        StartTime=now - 120,
        EndTime=now + 120,
        Period=300,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert (point["Sum"], point["SampleCount"]) == (7, 1)


def test_a_reset_account_has_no_events(edge, names):
    put(edge, names, "gone")
    with urllib.request.urlopen(
        urllib.request.Request(f"{edge.edge_url}/_obsiverse/accounts/000000000000/reset", method="POST")
    ) as answer:
        assert answer.status == 200
    logs = edge.client("logs")
    logs.create_log_group(logGroupName=names["logGroupName"])
    assert logs.describe_log_streams(logGroupName=names["logGroupName"])["logStreams"] == []


def test_a_missing_stream_is_awss_error(edge, names):
    with pytest.raises(ClientError) as caught:
        edge.client("logs").get_log_events(logGroupName=names["logGroupName"], logStreamName="none")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_what_services_print_is_in_the_platforms_group(edge):
    shell = {"command": ["/bin/sh"], "restart": {"policy": "no"}, "labels": {"obsiverse.kind": "service"}}
    edge.agent.put_task("greeter", {"image": "greeter", **shell, "args": ["-c", "echo hello; echo bye; sleep 600"]})
    logs = edge.client("logs")

    def lines():
        try:
            found = logs.get_log_events(logGroupName="/obsiverse/services", logStreamName="greeter", startFromHead=True)
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in found["events"]]

    try:
        wait_for(lambda: lines() == ["hello", "bye"], "the service's lines")
        edge.kill("edge")
        edge.start_edge()
        edge.agent.put_task("later", {"image": "later", **shell, "args": ["-c", "echo late; sleep 600"]})
        wait_for(
            lambda: (
                [
                    one["logStreamName"]
                    for one in logs.describe_log_streams(logGroupName="/obsiverse/services")["logStreams"]
                ]
                == ["greeter", "later"]
            ),
            "the later service",
        )
        assert lines() == ["hello", "bye"]
    finally:
        edge.agent.delete("greeter")
        edge.agent.delete("later")
