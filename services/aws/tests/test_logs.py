"""CloudWatch Logs at the edge, with the data plane as a process behind it."""

from __future__ import annotations

import json
import os
import time
import urllib.request
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from platform_under_test import wait_for
from test_state import wait_until_saved


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
    wait_for(lambda: totals(observed, name) == (7, 1), "the metric")


def totals(observed, name):
    """Sum and number of a metric's values."""
    now = time.time()
    points = observed.client("cloudwatch").get_metric_statistics(
        Namespace="Test",
        MetricName=name,
        StartTime=now - 120,
        EndTime=now + 120,
        Period=300,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points), sum(point["SampleCount"] for point in points)


def test_filters_see_what_passed_the_edge_by_or_came_while_it_was_away_and_nothing_that_was_there_before(
    observed, names
):
    name = uuid.uuid4().hex
    straight = boto3.client(
        "logs",
        endpoint_url=f"http://{os.environ['TELEMETRY_ADDR']}",
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="test",
    )

    def put_straight(value):
        event = {"timestamp": time.time_ns() // 1_000_000, "message": json.dumps({"ms": value})}
        straight.put_log_events(**names, logEvents=[event])

    put_straight(1)
    began = time.time()
    transformation = {"metricName": name, "metricNamespace": "Test", "metricValue": "$.ms"}
    observed.client("logs").put_metric_filter(
        logGroupName=names["logGroupName"],
        filterName="all",
        filterPattern="{ $.ms = * }",
        metricTransformations=[transformation],
    )
    put_straight(2)
    wait_for(lambda: totals(observed, name) == (2, 1), "the metric")
    wait_until_saved(observed, began, "logs")
    observed.kill("edge")
    put_straight(4)
    observed.start_edge()
    wait_for(lambda: totals(observed, name) == (6, 2), "the metric of what came meanwhile")


def test_a_tail_shows_what_comes_and_matches(observed, names):
    client = boto3.client(
        "logs",
        endpoint_url=observed.edge_url,
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="test",
        # AWS's host for tails is streaming-logs.…; an address has no such name.
        config=Config(inject_host_prefix=False),
    )
    put(observed, names, "error before")
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{names['logGroupName']}"
    stream = client.start_live_tail(logGroupIdentifiers=[arn], logEventFilterPattern="error")["responseStream"]
    events = iter(stream)
    assert next(events)["sessionStart"]["logGroupIdentifiers"] == [arn]
    put(observed, names, "fine", "error now")
    for event in events:
        results = event["sessionUpdate"]["sessionResults"]
        if results:
            break
    stream.close()
    assert [(one["message"], one["logStreamName"], one["logGroupIdentifier"]) for one in results] == [
        ("error now", "one", arn)
    ]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.start_live_tail(logGroupIdentifiers=[f"{arn}-none"])


def test_logs_insights_answers_through_the_edge(observed, names):
    put(observed, names, '{"ms": 3}', '{"ms": 5}')
    logs = observed.client("logs")
    now = int(time.time())
    query = logs.start_query(
        logGroupName=names["logGroupName"],
        startTime=now - 60,
        endTime=now + 60,
        queryString="stats sum(ms) as total",
    )["queryId"]
    wait_for(lambda: logs.get_query_results(queryId=query)["status"] == "Complete", "the query")
    assert logs.get_query_results(queryId=query)["results"] == [[{"field": "total", "value": "8"}]]
    assert query in [one["queryId"] for one in logs.describe_queries()["queries"]]


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
