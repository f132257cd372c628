"""CloudWatch Logs at the edge, with the data plane as a process behind it."""

from __future__ import annotations

import time
import urllib.request
import uuid

import pytest
from botocore.exceptions import ClientError
from platform_under_test import wait_for


@pytest.fixture
def names(observed):
    names = {"logGroupName": f"/test/{uuid.uuid4()}", "logStreamName": "one"}
    logs = observed.client("logs")
    logs.create_log_group(logGroupName=names["logGroupName"])
    logs.create_log_stream(**names)
    return names


def put(observed, names, *messages):
    at = time.time_ns() // 1_000_000
    observed.client("logs").put_log_events(**names, logEvents=[{"timestamp": at, "message": one} for one in messages])


def test_events_go_to_the_data_plane_and_come_from_it(observed, names):
    put(observed, names, "a", "b")
    logs = observed.client("logs")
    assert [one["message"] for one in logs.get_log_events(**names)["events"]] == ["a", "b"]
    found = logs.filter_log_events(logGroupName=names["logGroupName"], filterPattern="b")
    assert [one["message"] for one in found["events"]] == ["b"]
    (stream,) = logs.describe_log_streams(logGroupName=names["logGroupName"])["logStreams"]
    assert stream["lastEventTimestamp"] == stream["firstEventTimestamp"]


def test_a_deleted_group_takes_its_events_along(observed, names):
    put(observed, names, "gone")
    logs = observed.client("logs")
    logs.delete_log_group(logGroupName=names["logGroupName"])
    logs.create_log_group(logGroupName=names["logGroupName"])
    assert logs.describe_log_streams(logGroupName=names["logGroupName"])["logStreams"] == []
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_log_events(**names)


def test_retention_is_described_and_heeded(observed, names):
    logs = observed.client("logs")
    logs.put_retention_policy(logGroupName=names["logGroupName"], retentionInDays=1)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=names["logGroupName"])["logGroups"]
    assert group["retentionInDays"] == 1
    old = [{"timestamp": time.time_ns() // 1_000_000 - 2 * 86_400_000, "message": "old"}]
    assert logs.put_log_events(**names, logEvents=old)["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}


def test_a_metric_filter_puts_the_value_of_what_matches(observed, names):
    name = uuid.uuid4().hex
    transformation = {"metricName": name, "metricNamespace": "Test", "metricValue": "$.ms"}
    observed.client("logs").put_metric_filter(
        logGroupName=names["logGroupName"],
        filterName="slow",
        filterPattern="{ $.ms > 5 }",
        metricTransformations=[transformation],
    )
    put(observed, names, '{"ms": 3}', '{"ms": 7}')
    now = time.time()
    (point,) = observed.client("cloudwatch").get_metric_statistics(
        Namespace="Test",
        MetricName=name,
        StartTime=now - 120,
        EndTime=now + 120,
        Period=300,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert (point["Sum"], point["SampleCount"]) == (7, 1)


def test_a_reset_account_has_no_events(observed, names):
    put(observed, names, "gone")
    with urllib.request.urlopen(
        urllib.request.Request(f"{observed.edge_url}/_obsiverse/accounts/000000000000/reset", method="POST")
    ) as answer:
        assert answer.status == 200
    logs = observed.client("logs")
    logs.create_log_group(logGroupName=names["logGroupName"])
    assert logs.describe_log_streams(logGroupName=names["logGroupName"])["logStreams"] == []


def test_a_missing_stream_is_awss_error(observed, names):
    with pytest.raises(ClientError) as caught:
        observed.client("logs").get_log_events(logGroupName=names["logGroupName"], logStreamName="none")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_what_services_print_is_in_the_platforms_group(observed):
    shell = {"command": ["/bin/sh"], "restart": {"policy": "no"}, "labels": {"obsiverse.kind": "service"}}
    observed.agent.put_task("greeter", {"image": "greeter", **shell, "args": ["-c", "echo hello; echo bye; sleep 600"]})
    logs = observed.client("logs")

    def lines():
        try:
            found = logs.get_log_events(logGroupName="/obsiverse/services", logStreamName="greeter", startFromHead=True)
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in found["events"]]

    try:
        wait_for(lambda: lines() == ["hello", "bye"], "the service's lines")
        observed.kill("edge")
        observed.start_edge()
        observed.agent.put_task("later", {"image": "later", **shell, "args": ["-c", "echo late; sleep 600"]})
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
        observed.agent.delete("greeter")
        observed.agent.delete("later")
