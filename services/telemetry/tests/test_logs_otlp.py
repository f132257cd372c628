"""Log records by OTLP: kept with their trace, in a group and stream that must be there."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from running_service import Service

GROUP = {"x-aws-log-group": "/otlp", "x-aws-log-stream": "one"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("logs"))
    logs = service.client("logs")
    logs.create_log_group(logGroupName="/otlp")
    logs.create_log_stream(logGroupName="/otlp", logStreamName="one")
    yield service
    service.end()


def record(text: str, age: float = 1, **ids: bytes) -> LogRecord:
    at = time.time_ns() - int(age * 1e9)
    return LogRecord(time_unix_nano=at, severity_text="INFO", body=AnyValue(string_value=text), **ids)


def request(*records: LogRecord) -> ExportLogsServiceRequest:
    sent = ExportLogsServiceRequest()
    resource = sent.resource_logs.add()
    resource.resource.attributes.append(KeyValue(key="service.name", value=AnyValue(string_value="shop")))
    resource.scope_logs.add().log_records.extend(records)
    return sent


def send(service: Service, body: bytes, **headers: str) -> Any:
    return service.post("/v1/logs", body, "logs", {"content-type": "application/x-protobuf", **headers})


def test_a_record_is_an_event_with_its_trace(service: Service) -> None:
    trace, span = secrets.token_bytes(16), secrets.token_bytes(8)
    answer = send(service, request(record("bought", trace_id=trace, span_id=span)).SerializeToString(), **GROUP)
    assert answer.status_code == 200
    found = service.client("logs").filter_log_events(
        logGroupName="/otlp", filterPattern=f'{{ $.traceId = "{trace.hex()}" }}'
    )
    [event] = found["events"]
    message = json.loads(event["message"])
    assert (message["body"], message["spanId"], message["severityText"]) == ("bought", span.hex(), "INFO")
    assert message["resource"] == {"attributes": {"service.name": "shop"}}
    assert abs(event["timestamp"] / 1000 - time.time()) < 30


def test_json_is_taken_as_protobuf_is(service: Service) -> None:
    mark = secrets.token_hex(4)
    body = json_format.MessageToJson(request(record(mark))).encode()
    answer = send(service, body, **{**GROUP, "content-type": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {})
    assert len(service.client("logs").filter_log_events(logGroupName="/otlp", filterPattern=mark)["events"]) == 1


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "must name a log group"),
        ({**GROUP, "x-aws-log-group": "/none"}, "log group does not exist"),
        ({**GROUP, "x-aws-log-stream": "none"}, "log stream does not exist"),
    ],
)
def test_the_group_and_stream_must_be_there(service: Service, headers: dict[str, str], said: str) -> None:
    answer = send(service, request(record("x")).SerializeToString(), **headers)
    assert answer.status_code == 400
    assert said in Status.FromString(answer.content).message


def test_what_is_over_the_limits_is_refused_or_counted(service: Service) -> None:
    assert send(service, b"\x0a\xff", **GROUP).status_code == 400
    assert send(service, b"x" * (2 << 20), **GROUP).status_code == 413
    assert send(service, request(*[record("x") for _ in range(10_001)]).SerializeToString(), **GROUP).status_code == 400
    mixed = request(record("old", age=15 * 86400), record("x" * 300_000), record("kept")).SerializeToString()
    answer = ExportLogsServiceResponse.FromString(send(service, mixed, **GROUP).content)
    assert answer.partial_success.rejected_log_records == 2


def test_the_signature_is_that_of_logs(service: Service) -> None:
    body = request(record("x")).SerializeToString()
    assert service.post("/v1/logs", body, "xray", GROUP).status_code == 403
