"""OTLP over HTTP as AWS's endpoints take it: protobuf or JSON, gzip or none.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from starlette.requests import Request
from starlette.responses import Response

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_IDS = {"traceId", "spanId", "parentSpanId"}


class Rejected(Exception):
    """A request that is refused as a whole; the answer is a google.rpc.Status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def media_type(request: Request) -> str:
    """A request's Content-Type without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def unpack(body: bytes, encoding: str, most: int) -> bytes:
    """The body as it was before compression, of `most` bytes at most. Raises Rejected."""
    if encoding in ("", "identity", "none"):
        unpacked = body
    elif encoding == "gzip":
        try:
            # No further than it takes to see that it is too long.
            unpacked = zlib.decompressobj(wbits=31).decompress(body, most + 1)
        except zlib.error as error:
            raise Rejected(400, f"The body is not gzip: {error}") from error
    else:
        raise Rejected(415, f"Content-Encoding {encoding} is not supported: gzip or none.")
    if len(unpacked) > most:
        raise Rejected(413, f"The request is over {most} bytes uncompressed.")
    return unpacked


def decode[M: Message](body: bytes, kind: str, message: type[M]) -> M:
    """The message in a body of a media type. Raises Rejected."""
    try:
        if kind == PROTOBUF:
            return message.FromString(body)
        if kind == JSON:
            return json_format.Parse(_hex_as_base64(body), message(), ignore_unknown_fields=True)
    except (DecodeError, json_format.ParseError, ValueError) as error:
        raise Rejected(400, f"The body can't be decoded: {error}") from error
    raise Rejected(415, f"Content-Type {kind} is not supported: {PROTOBUF} or {JSON}.")


def attributes(pairs: Any) -> dict[str, Any]:
    """OTLP attributes as plain values."""
    return {pair.key: value_of(pair.value) for pair in pairs}


def value_of(value: Any) -> Any:
    """An AnyValue as a plain value; bytes in hex."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [value_of(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        return value.bytes_value.hex()
    return getattr(value, kind)


def accepted(message: Message, kind: str) -> Response:
    """The answer to a request of which all or some was taken."""
    return _answer(message, kind, 200)


def refused(error: Rejected, kind: str) -> Response:
    """The answer to a request that was refused: google.rpc.Status, whose message is the same field as that of a span's Status."""
    return _answer(Status(message=str(error)), kind, error.status)


def _answer(message: Message, kind: str, status: int) -> Response:
    if kind == JSON:
        return Response(json_format.MessageToJson(message, indent=None), status, media_type=JSON)
    return Response(message.SerializeToString(), status, media_type=PROTOBUF)


def _hex_as_base64(body: bytes) -> str:
    """OTLP's JSON has ids in hex, where protobuf's own mapping has base64."""

    def renew(members: dict[str, Any]) -> Mapping[str, Any]:
        for name in _IDS & members.keys():
            members[name] = base64.b64encode(bytes.fromhex(str(members[name]))).decode()
        return members

    return json.dumps(json.loads(body, object_hook=renew))
