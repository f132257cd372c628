"""Segment documents. https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

Document = Mapping[str, Any]
TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
ID = re.compile(r"[0-9a-f]{16}")
NAME_MAX = 200
DOCUMENT_MAX = 64 * 1024  # bytes


class Stored(NamedTuple):
    """A document as it is kept."""

    trace_id: str
    segment_id: str
    end_time: float
    document: str


class Malformed(Exception):
    """A document that is not taken, with X-Ray's code for it."""

    def __init__(self, code: str, message: str, segment_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.segment_id = segment_id


def trace_id_of(otlp: bytes) -> str:
    """X-Ray's form of a trace id of 16 bytes."""
    digits = otlp.hex()
    return f"1-{digits[:8]}-{digits[8:]}"


def parse(text: str) -> Stored:
    """A document that was put, checked. Raises Malformed."""
    if len(text.encode()) > DOCUMENT_MAX:
        raise Malformed("SegmentTooLarge", f"The segment document is over {DOCUMENT_MAX} bytes.")
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise Malformed("ParseError", f"The segment document is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Malformed("ParseError", "The segment document is not a JSON object.")
    fields = cast("dict[str, Any]", document)
    identity: Any = fields.get("id")
    if not isinstance(identity, str) or not ID.fullmatch(identity):
        raise Malformed("InvalidId", "id must be 16 hexadecimal digits.")

    def refuse(field: str, what: str) -> Malformed:
        return Malformed(f"Invalid{field.title().replace('_', '')}", f"{field} must be {what}.", identity)

    trace_id: Any = fields.get("trace_id")
    if not isinstance(trace_id, str) or not TRACE_ID.fullmatch(trace_id):
        raise refuse("trace_id", "1-8 hexadecimal digits-24 hexadecimal digits")
    name: Any = fields.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= NAME_MAX:
        raise refuse("name", f"a string of 1 to {NAME_MAX} characters")
    start: Any = fields.get("start_time")
    if not _is_number(start):
        raise refuse("start_time", "a number of seconds since 1970")
    end: Any = fields.get("end_time")
    if end is None and not fields.get("in_progress"):
        raise refuse("end_time", "a number of seconds since 1970, or in_progress true")
    if end is not None and (not _is_number(end) or end < start):
        raise refuse("end_time", "a number of seconds since 1970 that is not before start_time")
    if fields.get("type") == "subsegment" and not ID.fullmatch(str(fields.get("parent_id", ""))):
        raise refuse("parent_id", "16 hexadecimal digits")
    return Stored(trace_id, identity, float(end if end is not None else start), text)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_subsegment(document: Document) -> bool:
    """Whether a document is part of a segment that was sent apart."""
    return document.get("type") == "subsegment"


def embedded(document: Document) -> Iterator[Document]:
    """The subsegments within a document, at every depth."""
    for one in document.get("subsegments") or ():
        yield one
        yield from embedded(one)
