"""Log records that come by OTLP, as events: CloudWatch Logs keeps each as one JSON object."""

from __future__ import annotations

import json
from typing import Any

from obsiverse_dataplane.authentication import Authenticator
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from obsiverse_telemetry import otlp
from obsiverse_telemetry.logs.store import DAY, LogStore, now
from obsiverse_telemetry.otlp import Rejected, attributes
from obsiverse_telemetry.signed import read_signed

BODY_MAX = 1024 * 1024  # bytes, unpacked
RECORDS_MAX = 10_000
EVENT_MAX = 256 * 1024  # bytes
OLDEST, NEWEST = 14 * DAY, 2 * 3_600_000  # milliseconds before and after now
GROUP, STREAM = "x-aws-log-group", "x-aws-log-stream"


async def take(http: Request, authenticator: Authenticator, store: LogStore) -> Response:
    """POST /v1/logs."""
    caller, body = await read_signed(http, authenticator, 2 * BODY_MAX)
    kind = otlp.media_type(http)
    encoding = http.headers.get("content-encoding", "").strip().lower()
    group, stream = http.headers.get(GROUP, ""), http.headers.get(STREAM, "")

    def keep() -> ExportLogsServiceResponse:
        request = otlp.decode(otlp.unpack(body, encoding, BODY_MAX), kind, ExportLogsServiceRequest)
        return _keep(store, (caller.account, caller.region), group, stream, request)

    try:
        return otlp.accepted(await run_in_threadpool(keep), kind)
    except Rejected as error:
        return otlp.refused(error, kind)


def _keep(
    store: LogStore, owner: tuple[str, str], group: str, stream: str, request: ExportLogsServiceRequest
) -> ExportLogsServiceResponse:
    if not group or not stream:
        raise Rejected(400, f"The headers {GROUP} and {STREAM} must name a log group and a log stream.")
    in_group = store.group(*owner, group)
    if in_group is None:
        raise Rejected(400, "The specified log group does not exist.")
    in_streams = store.streams(in_group, stream)
    if not in_streams:
        raise Rejected(400, "The specified log stream does not exist.")
    events = _events(request)
    if len(events) > RECORDS_MAX:
        raise Rejected(400, f"The request has {len(events)} log records, and may have {RECORDS_MAX}.")
    at = now()
    taken = [
        (time, message)
        for time, message in events
        if at - OLDEST <= time <= at + NEWEST and len(message.encode()) <= EVENT_MAX
    ]
    if taken:
        taken.sort(key=lambda one: one[0])
        store.add(in_group, in_streams[0], taken, sum(len(message.encode()) for _, message in taken))
    rejected = len(events) - len(taken)
    why = f"Records over {EVENT_MAX} bytes, older than 14 days or more than 2 hours ahead are not taken."
    partial = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=why) if rejected else None
    return ExportLogsServiceResponse(partial_success=partial)


def _events(request: ExportLogsServiceRequest) -> list[tuple[int, str]]:
    """(milliseconds, message) of each record."""
    events: list[tuple[int, str]] = []
    for of_resource in request.resource_logs:
        resource = {"attributes": attributes(of_resource.resource.attributes)}
        for of_scope in of_resource.scope_logs:
            scope = {"name": of_scope.scope.name, "version": of_scope.scope.version}
            for record in of_scope.log_records:
                nanoseconds = record.time_unix_nano or record.observed_time_unix_nano
                document: dict[str, Any] = {
                    "resource": resource,
                    "scope": {name: value for name, value in scope.items() if value},
                    "timeUnixNano": nanoseconds,
                    "observedTimeUnixNano": record.observed_time_unix_nano or None,
                    "severityNumber": record.severity_number or None,
                    "severityText": record.severity_text or None,
                    "body": otlp.value_of(record.body),
                    "attributes": attributes(record.attributes),
                    "flags": record.flags or None,
                    "traceId": record.trace_id.hex() or None,
                    "spanId": record.span_id.hex() or None,
                }
                present = {name: value for name, value in document.items() if value is not None}
                message = json.dumps(present, separators=(",", ":"))
                events.append((nanoseconds // 1_000_000 or now(), message))
    return events
