"""The log group that Transaction Search keeps spans in."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import orjson

from obsiverse_telemetry.logs.store import Group, LogStore, Stream, now
from obsiverse_telemetry.xray.otlp import Received
from obsiverse_telemetry.xray.otlp_spans import transaction
from obsiverse_telemetry.xray.store import Owner

GROUP, STREAM = "aws/spans", "default"


class SpanLog:
    """Writes to the store of CloudWatch Logs. Calls block on the disk.

    Args:
        days: the retention of the group, where it is made here.
    """

    def __init__(self, path: Path, days: int) -> None:
        self._store = LogStore(path)
        self._days = days

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def put(self, owner: Owner, spans: Sequence[Received]) -> None:
        """Add an event for each span, at its end. Raises sqlite3.Error."""
        events = [(one.span.end_time_unix_nano // 1_000_000, _message(one)) for one in spans]
        group, stream = self._place(owner)
        self._store.add(group, stream, events, sum(len(message) for _, message in events))

    def _place(self, owner: Owner) -> tuple[Group, Stream]:
        for _ in range(2):
            group = self._store.group(*owner, GROUP)
            streams = self._store.streams(group, STREAM) if group else []
            if group and streams:
                return group, streams[0]
            with self._store.writing() as connection:
                connection.execute(
                    "INSERT OR IGNORE INTO groups (account, region, name, created, retention) VALUES (?, ?, ?, ?, ?)",
                    (*owner, GROUP, now(), self._days),
                )
                connection.execute(
                    "INSERT OR IGNORE INTO streams (group_id, name, created) SELECT id, ?, ? FROM groups "
                    "WHERE account = ? AND region = ? AND name = ?",
                    (STREAM, now(), *owner, GROUP),
                )
        raise sqlite3.OperationalError(f"the group {GROUP} is deleted as often as it is made")


def _message(received: Received) -> str:
    return orjson.dumps(transaction(received), default=str).decode()
