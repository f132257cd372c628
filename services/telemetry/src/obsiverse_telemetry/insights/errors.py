"""What is wrong with a query."""

from __future__ import annotations

from typing import Any

from obsiverse_telemetry.logs.errors import LogsError


class MalformedQueryException(LogsError):
    """The query can't be read; where is in queryCompileError. Offsets count characters from 0."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(f"{message} at position {start}")
        location: Any = {"startCharOffset": start, "endCharOffset": end}
        self.members: dict[str, Any] = {
            **self.members,
            "queryCompileError": {"location": location, "message": str(self)},
        }


class LimitExceededException(LogsError):
    """Too many queries run."""
