"""X-Amzn-Trace-Id, and W3C's traceparent in its place.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass

NAME = "X-Amzn-Trace-Id"
TRACEPARENT = re.compile(r"00-([0-9a-f]{8})([0-9a-f]{24})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True)
class TraceHeader:
    """A trace as one service tells it to the next.

    Attributes:
        root: the trace's id.
        parent: the segment that calls; None at a trace's beginning.
        sampled: whether segments are kept; None where nobody has decided.
    """

    root: str
    parent: str | None
    sampled: bool | None

    def __str__(self) -> str:
        parent = f";Parent={self.parent}" if self.parent else ""
        return f"Root={self.root}{parent};Sampled={'?' if self.sampled is None else int(self.sampled)}"


def parse(header: str | None) -> TraceHeader | None:
    """The trace that a header names; None where it names none."""
    fields: dict[str, str] = {}
    for part in (header or "").split(";"):
        name, _, value = part.strip().partition("=")
        fields[name] = value
    if not fields.get("Root"):
        return None
    sampled = {"1": True, "0": False}.get(fields.get("Sampled", ""))
    return TraceHeader(fields["Root"], fields.get("Parent") or None, sampled)


def from_traceparent(traceparent: str | None) -> TraceHeader | None:
    """The trace that a traceparent names; None where it names none."""
    match = TRACEPARENT.fullmatch((traceparent or "").strip())
    if match is None:
        return None
    first, rest, parent, flags = match.groups()
    return TraceHeader(f"1-{first}-{rest}", parent, bool(int(flags, 16) & 1))


def new_root() -> str:
    """The id of a new trace."""
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def new_id() -> str:
    """The id of a new segment."""
    return secrets.token_hex(8)
