"""A trace, sent by OTLP as the collector sends them, found where Transaction Search keeps spans."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

from obsiverse.promote.check import Check, Result, failed, passed
from obsiverse.promote.errors import NotInTime
from obsiverse.promote.faults import is_missing
from obsiverse.promote.plan import Plan
from obsiverse.promote.session import Session
from obsiverse.promote.signing import send

GROUP = "aws/spans"
SERVICE = "obsiverse-promotion-probe"
SECONDS = 180
SERVER = 2
"""SPAN_KIND_SERVER."""


class Traces(Check):
    """A signed OTLP request with one span, then its line in the log group."""

    name = "traces"

    def run(self, session: Session, plan: Plan) -> Iterator[Result]:
        place, began = session.place, time.monotonic()
        # X-Ray reads the time off the first 32 bits.
        trace = f"{int(time.time()):08x}{secrets.token_hex(12)}"
        url = place.target.environment()["XRAY_TRACES_ENDPOINT"]
        headers = {"Content-Type": "application/json"}
        sent = send(place, "xray", "POST", url, json.dumps(request(trace)).encode(), headers)
        if not sent.is_success:
            yield failed("traces", f"{sent.status_code}: {sent.text[:300]}")
            return
        since = int((time.time() - 300) * 1000)

        def found() -> bool:
            try:
                answer = place.client("logs").filter_log_events(
                    logGroupName=GROUP, startTime=since, filterPattern=f'"{trace}"'
                )
            except Exception as error:
                # AWS makes the group with the first spans.
                if is_missing(error):
                    return False
                raise
            return bool(answer["events"])

        try:
            place.wait(found, f"the probe's span in {GROUP}", SECONDS)
        except NotInTime as error:
            yield failed("traces", f"trace {trace}: {error.message}")
            return
        yield passed("traces", f"trace {trace} was sent and found after {time.monotonic() - began:.1f} s")


def request(trace: str) -> dict[str, Any]:
    """An ExportTraceServiceRequest in JSON, with one span: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding."""
    now = time.time_ns()
    span: dict[str, Any] = {
        "traceId": trace,
        "spanId": secrets.token_hex(8),
        "name": "probe",
        "kind": SERVER,
        "startTimeUnixNano": str(now - 10**6),
        "endTimeUnixNano": str(now),
        "attributes": [],
        "status": {},
    }
    service = {"key": "service.name", "value": {"stringValue": SERVICE}}
    return {
        "resourceSpans": [
            {"resource": {"attributes": [service]}, "scopeSpans": [{"scope": {"name": "obsiverse"}, "spans": [span]}]}
        ]
    }
