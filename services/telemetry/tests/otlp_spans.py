"""Spans as programs send them by OTLP."""

from __future__ import annotations

import secrets
import time
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


def pairs(**values: str | int | bool) -> list[KeyValue]:
    def any_value(value: str | int | bool) -> AnyValue:
        if isinstance(value, bool):
            return AnyValue(bool_value=value)
        return AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)

    return [KeyValue(key=name.replace("__", "."), value=any_value(value)) for name, value in values.items()]


def span(
    trace: bytes,
    name: str,
    *,
    parent: Span | None = None,
    kind: Any = Span.SPAN_KIND_INTERNAL,
    age: float = 1,
    **given: Any,
) -> Span:
    start = time.time_ns() - int(age * 1e9)
    return Span(
        trace_id=trace,
        span_id=secrets.token_bytes(8),
        parent_span_id=parent.span_id if parent else b"",
        name=name,
        kind=kind,
        start_time_unix_nano=start,
        end_time_unix_nano=start + 20_000_000,
        attributes=pairs(**given),
    )


def request(**by_service: list[Span]) -> ExportTraceServiceRequest:
    sent = ExportTraceServiceRequest()
    for name, spans in by_service.items():
        resource = sent.resource_spans.add()
        resource.resource.attributes.extend(pairs(service__name=name))
        resource.scope_spans.add().spans.extend(spans)
    return sent


def xray_id(trace: bytes) -> str:
    return f"1-{trace.hex()[:8]}-{trace.hex()[8:]}"


def new_trace() -> bytes:
    return int(time.time()).to_bytes(4, "big") + secrets.token_bytes(12)
