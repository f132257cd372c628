"""Spans that come by OTLP, and X-Ray's limits for them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from obsiverse_telemetry.otlp import Rejected, attributes

BODY_MAX = 5 * 1024 * 1024  # bytes, unpacked
SPANS_MAX = 10_000
SPAN_MAX = 200 * 1024  # bytes
OLDEST, NEWEST = 14 * 86400.0, 2 * 3600.0  # seconds before and after now


@dataclass(frozen=True)
class Received:
    """A span with what it shares with others."""

    resource: Mapping[str, Any]
    scope: str
    span: Span
    attributes: Mapping[str, Any]


def spans(request: ExportTraceServiceRequest) -> Iterator[Received]:
    """All spans of a request."""
    for of_resource in request.resource_spans:
        resource = attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield Received(resource, of_scope.scope.name, span, attributes(span.attributes))


def check(received: list[Received]) -> tuple[list[Received], str]:
    """The spans that are taken, and why the others are not. Raises Rejected where there are too many."""
    if len(received) > SPANS_MAX:
        raise Rejected(400, f"The request has {len(received)} spans, and may have {SPANS_MAX}.")
    now = time.time()
    taken: list[Received] = []
    why = ""
    for one in received:
        fault = _fault(one.span, now)
        if fault:
            why = why or fault
        else:
            taken.append(one)
    return taken, why


def _fault(span: Span, now: float) -> str:
    if len(span.trace_id) != 16 or not any(span.trace_id):
        return "The trace id is not 16 bytes of which one is not 0."
    if len(span.span_id) != 8 or not any(span.span_id):
        return "The span id is not 8 bytes of which one is not 0."
    end = span.end_time_unix_nano / 1e9
    if end < now - OLDEST or end > now + NEWEST:
        return "The span ended more than 14 days ago, or ends more than 2 hours from now."
    if span.ByteSize() > SPAN_MAX:
        return f"The span {span.name[:100]!r} is over {SPAN_MAX} bytes."
    return ""
