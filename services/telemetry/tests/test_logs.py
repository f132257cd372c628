"""CloudWatch Logs: boto3 against the service as a process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError


def start(data: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = {**os.environ, "TELEMETRY_LISTEN": address, "TELEMETRY_DATA": str(data)}
    service = subprocess.Popen([sys.executable, "-m", "obsiverse_telemetry"], env=environment)
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"http://{address}/health")
        except httpx.TransportError:
            assert service.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return service, f"http://{address}"


def client_of(url: str, account: str = "000000000000", secret: str = "test", region: str = "us-east-1"):  # noqa: S107 - no secret
    return boto3.client(
        "logs",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    service, url = start(tmp_path_factory.mktemp("logs"))
    yield url
    service.terminate()
    service.wait(10)


@pytest.fixture
def logs(url):
    return client_of(url)


@pytest.fixture
def names(logs):
    names = {"logGroupName": f"/test/{uuid.uuid4()}", "logStreamName": "one"}
    logs.create_log_group(logGroupName=names["logGroupName"])
    logs.create_log_stream(**names)
    return names


def now() -> int:
    return time.time_ns() // 1_000_000


def events(*messages: str, at: int | None = None):
    first = at or now()
    return [{"timestamp": first + index, "message": message} for index, message in enumerate(messages)]


def call(url: str, operation: str, **members):
    """An operation that boto3 does not know."""
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"Logs_20140328.{operation}"}
    request = AWSRequest("POST", f"{url}/", headers, json.dumps(members).encode())
    SigV4Auth(Credentials("000000000000", "test"), "logs", "us-east-1").add_auth(request)
    return httpx.post(f"{url}/", content=request.data, headers=dict(request.headers.items())).raise_for_status().json()


def code(call, **arguments) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def messages(answer) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_tokens_lead_forward_and_back_and_stay_at_the_end(logs, names):
    logs.put_log_events(**names, logEvents=events("a", "b", "c"))
    first = logs.get_log_events(**names, startFromHead=True, limit=2)
    assert messages(first) == ["a", "b"]
    second = logs.get_log_events(**names, nextToken=first["nextForwardToken"])
    assert messages(second) == ["c"]
    end = logs.get_log_events(**names, nextToken=second["nextForwardToken"])
    assert (messages(end), end["nextForwardToken"]) == ([], second["nextForwardToken"])
    assert messages(logs.get_log_events(**names, nextToken=end["nextBackwardToken"])) == ["a", "b", "c"]
    assert messages(logs.get_log_events(**names, nextToken=second["nextBackwardToken"])) == ["a", "b"]
    assert messages(logs.get_log_events(**names, limit=2)) == ["b", "c"]


def test_a_token_at_the_end_finds_what_comes_later(logs, names):
    empty = logs.get_log_events(**names, startFromHead=True)
    logs.put_log_events(**names, logEvents=events("late"))
    assert messages(logs.get_log_events(**names, nextToken=empty["nextForwardToken"])) == ["late"]


def test_events_out_of_the_window_are_rejected_and_said_so(logs, names):
    moment = now()
    old = events("old", at=moment - 15 * 86_400_000)
    answer = logs.put_log_events(**names, logEvents=old)
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    both = [*events("now"), *events("new", at=moment + 3 * 3_600_000)]
    assert logs.put_log_events(**names, logEvents=both)["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert messages(logs.get_log_events(**names)) == ["now"]


def test_a_reader_goes_on_where_it_acknowledged_and_another_begins_anew(url, logs, names):
    def new(**asked):
        return call(url, "ObsiverseNewEvents", logGroupName=names["logGroupName"], **asked)

    logs.put_log_events(**names, logEvents=events("before"))
    assert new(reader="r")["events"] == []
    logs.put_log_events(**names, logEvents=events("a", "b", "c"))
    page = new(reader="r", filterPattern="-b")
    assert messages(page) == messages(new(reader="r", filterPattern="-b")) == ["a", "c"]
    assert new(reader="r", acknowledge=page["last"])["events"] == []
    assert new(reader="r")["events"] == []
    assert messages(new(after=page["last"] - 1)) == ["c"]
    assert messages(new(after=page["last"] - 1, logStreamNames=["other"])) == []


@pytest.mark.parametrize(
    "batch",
    [
        [{"timestamp": 2, "message": "b"}, {"timestamp": 1, "message": "a"}],
        [{"timestamp": 1, "message": "a"}, {"timestamp": 90_000_000, "message": "b"}],
        [{"timestamp": 1, "message": "x" * (1 << 20)}],
        [{"timestamp": 1, "message": "x"}] * 10_001,
    ],
)
def test_a_batch_over_a_limit_is_refused(logs, names, batch):
    assert code(logs.put_log_events, **names, logEvents=batch) == "InvalidParameterException"


def test_a_filter_goes_over_streams_by_time_and_in_pages(logs, names):
    other = {**names, "logStreamName": "two"}
    logs.create_log_stream(**other)
    moment = now()
    logs.put_log_events(**names, logEvents=events("ERROR 1", "fine", "ERROR 3", at=moment))
    logs.put_log_events(**other, logEvents=events("ERROR 2", at=moment + 1))
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=names["logGroupName"], filterPattern="ERROR", PaginationConfig={"PageSize": 1}
    )
    found = [(event["logStreamName"], event["message"]) for page in pages for event in page["events"]]
    assert found == [("one", "ERROR 1"), ("two", "ERROR 2"), ("one", "ERROR 3")]
    only = logs.filter_log_events(logGroupName=names["logGroupName"], logStreamNames=["two"])
    assert messages(only) == ["ERROR 2"]


def test_streams_tell_their_times_and_come_by_the_last(logs, names):
    other = {**names, "logStreamName": "two"}
    logs.create_log_stream(**other)
    moment = now() - 60_000
    logs.put_log_events(**other, logEvents=events("x", at=moment))
    logs.put_log_events(**names, logEvents=events("x", "y"))
    newest, oldest = logs.describe_log_streams(
        logGroupName=names["logGroupName"], orderBy="LastEventTime", descending=True
    )["logStreams"]
    assert (newest["logStreamName"], oldest["logStreamName"]) == ("one", "two")
    assert (oldest["firstEventTimestamp"], oldest["lastEventTimestamp"]) == (moment, moment)
    assert newest["lastEventTimestamp"] == newest["firstEventTimestamp"] + 1


def test_what_retention_ended_is_not_shown(logs, names):
    logs.put_log_events(**names, logEvents=events("old", at=now() - 2 * 86_400_000))
    logs.put_retention_policy(logGroupName=names["logGroupName"], retentionInDays=1)
    assert messages(logs.get_log_events(**names)) == []


def test_accounts_and_regions_do_not_see_each_other(url, names):
    for other in (client_of(url, "111111111111"), client_of(url, region="eu-west-1")):
        assert code(other.get_log_events, **names) == "ResourceNotFoundException"


def test_a_wrong_signature_is_refused(url, names):
    assert code(client_of(url, secret="wrong").get_log_events, **names) == "InvalidSignatureException"


def test_what_was_acknowledged_outlives_a_kill(tmp_path):
    service, url = start(tmp_path)
    names = {"logGroupName": "g", "logStreamName": "s"}
    logs = client_of(url)
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(**names)
    logs.put_log_events(**names, logEvents=events("kept"))
    service.kill()
    service.wait(10)
    service, url = start(tmp_path)
    assert messages(client_of(url).get_log_events(**names)) == ["kept"]
    service.terminate()
    service.wait(10)


def test_a_metric_filter_extracts_its_values(logs):
    answer = logs.test_metric_filter(filterPattern="{ $.ms > 5 }", logEventMessages=['{"ms": 3}', '{"ms": 7}'])
    assert answer["matches"] == [{"eventNumber": 2, "eventMessage": '{"ms": 7}', "extractedValues": {"$.ms": "7"}}]
