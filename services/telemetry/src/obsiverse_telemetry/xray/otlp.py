"""OTLP over HTTP as X-Ray takes it: protobuf or JSON, gzip or none, within its limits.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from starlette.responses import Response

BODY_MAX = 5 * 1024 * 1024  # bytes, unpacked
SPANS_MAX = 10_000
SPAN_MAX = 200 * 1024  # bytes
OLDEST, NEWEST = 14 * 86400.0, 2 * 3600.0  # seconds before and after now
PROTOBUF, JSON = "application/x-protobuf", "application/json"
_BASE64_FIELDS = {"traceId", "spanId", "parentSpanId"}


class Rejected(Exception):
    """A request that is refused as a whole; the answer is a google.rpc.Status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Received:
    """A span with what it shares with others."""

    resource: Mapping[str, Any]
    scope: str
    span: Span


def unpack(body: bytes, encoding: str) -> bytes:
    """The body as it was before compression. Raises Rejected."""
    if encoding in ("", "identity", "none"):
        unpacked = body
    elif encoding == "gzip":
        try:
            # No further than it takes to see that it is too long.
            unpacked = zlib.decompressobj(wbits=31).decompress(body, BODY_MAX + 1)
        except zlib.error as error:
            raise Rejected(400, f"The body is not gzip: {error}") from error
    else:
        raise Rejected(415, f"Content-Encoding {encoding} is not supported: gzip or none.")
    if len(unpacked) > BODY_MAX:
        raise Rejected(413, f"The request is over {BODY_MAX} bytes uncompressed.")
    return unpacked


def decode(body: bytes, media_type: str) -> ExportTraceServiceRequest:
    """The message. Raises Rejected."""
    try:
        if media_type == PROTOBUF:
            return ExportTraceServiceRequest.FromString(body)
        if media_type == JSON:
            return json_format.Parse(_hex_as_base64(body), ExportTraceServiceRequest(), ignore_unknown_fields=True)
    except (DecodeError, json_format.ParseError, ValueError) as error:
        raise Rejected(400, f"The body can't be decoded: {error}") from error
    raise Rejected(415, f"Content-Type {media_type} is not supported: {PROTOBUF} or {JSON}.")


def spans(request: ExportTraceServiceRequest) -> Iterator[Received]:
    """All spans of a request."""
    for of_resource in request.resource_spans:
        resource = attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield Received(resource, of_scope.scope.name, span)


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


def attributes(pairs: Any) -> dict[str, Any]:
    """OTLP attributes as plain values."""
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        return value.bytes_value.hex()
    return getattr(value, kind)


def accepted(media_type: str, rejected: int, why: str) -> Response:
    """The answer to a request of which all or some was taken."""
    partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=why) if rejected else None
    return _answer(ExportTraceServiceResponse(partial_success=partial), media_type, 200)


def refused(media_type: str, error: Rejected) -> Response:
    """The answer to a request that was refused: google.rpc.Status, whose message is the same field as that of a span's Status."""
    return _answer(Status(message=str(error)), media_type, error.status)


def _answer(message: Message, media_type: str, status: int) -> Response:
    if media_type == JSON:
        return Response(json_format.MessageToJson(message, indent=None), status, media_type=JSON)
    return Response(message.SerializeToString(), status, media_type=PROTOBUF)


def _hex_as_base64(body: bytes) -> str:
    """OTLP's JSON has ids in hex, where protobuf's own mapping has base64."""

    def renew(members: dict[str, Any]) -> dict[str, Any]:
        for name in _BASE64_FIELDS & members.keys():
            members[name] = base64.b64encode(bytes.fromhex(str(members[name]))).decode()
        return members

    return json.dumps(json.loads(body, object_hook=renew))
