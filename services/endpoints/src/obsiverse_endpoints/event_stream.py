"""Messages of AWS's event stream encoding, in which streamed answers come.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
"""

from __future__ import annotations

import json
import struct
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7
_WITHOUT_HEADERS = 16
"""Bytes of a message that are neither headers nor payload: two lengths and two checksums."""


def payload_part(body: bytes) -> bytes:
    """A PayloadPart event."""
    return _message({":message-type": "event", ":event-type": "PayloadPart"}, body, "application/octet-stream")


def exception(code: str, members: dict[str, str]) -> bytes:
    """An error that ends the stream."""
    kind = {":message-type": "exception", ":exception-type": code}
    return _message(kind, json.dumps(members).encode(), "application/json")


def _message(headers: dict[str, str], payload: bytes, content_type: str) -> bytes:
    encoded = b"".join(_header(*pair) for pair in (*headers.items(), (":content-type", content_type)))
    prelude = struct.pack("!II", _WITHOUT_HEADERS + len(encoded) + len(payload), len(encoded))
    head = prelude + struct.pack("!I", crc32(prelude)) + encoded + payload
    return head + struct.pack("!I", crc32(head))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", _STRING, len(text)) + text
