"""Groups, streams and events on disk: SQLite in WAL mode, and events are only ever added, or deleted with their group."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from obsiverse_telemetry.sqlite_file import SqliteFile

SCHEMA = """
CREATE TABLE IF NOT EXISTS groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
    created INTEGER NOT NULL, retention INTEGER, UNIQUE (account, region, name));
CREATE TABLE IF NOT EXISTS streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL,
    first INTEGER, last INTEGER, ingested INTEGER, bytes INTEGER NOT NULL DEFAULT 0, UNIQUE (group_id, name));
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, stream_id INTEGER NOT NULL,
    timestamp INTEGER NOT NULL, ingested INTEGER NOT NULL, message TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS readers (
    group_id INTEGER NOT NULL, name TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (group_id, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_of_group ON events (group_id, timestamp, id);
CREATE INDEX IF NOT EXISTS events_of_stream ON events (stream_id, timestamp, id);
"""
DAY = 86_400_000  # milliseconds


class Group(NamedTuple):
    """A log group; `retention` in days, None where events never expire."""

    id: int
    created: int
    retention: int | None

    @property
    def oldest(self) -> int:
        """The time before which events have expired, in milliseconds since the epoch."""
        return 0 if self.retention is None else now() - self.retention * DAY


class Stream(NamedTuple):
    """A log stream; times in milliseconds since the epoch, None before the first event."""

    id: int
    name: str
    created: int
    first: int | None
    last: int | None
    ingested: int | None
    bytes: int


class Event(NamedTuple):
    """An event. (timestamp, id) orders them all."""

    id: int
    stream: str
    timestamp: int
    ingested: int
    message: str


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class LogStore(SqliteFile):
    """The file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)

    def group(self, account: str, region: str, name: str) -> Group | None:
        """A group."""
        where = "WHERE account = ? AND region = ? AND name = ?"
        rows = self.read(f"SELECT id, created, retention FROM groups {where}", (account, region, name))  # noqa: S608
        return Group(*rows[0]) if rows else None

    def streams(self, group: Group, name: str | None = None) -> list[Stream]:
        """A group's streams by name, or the one of this name."""
        statement = "SELECT id, name, created, first, last, ingested, bytes FROM streams WHERE group_id = ?"
        if name is not None:
            return [Stream(*row) for row in self.read(f"{statement} AND name = ?", (group.id, name))]
        return [Stream(*row) for row in self.read(f"{statement} ORDER BY name", (group.id,))]

    def add(self, group: Group, stream: Stream, events: Sequence[tuple[int, str]], size: int) -> None:
        """Add events, (milliseconds, message), to a stream, in one transaction."""
        ingested, times = now(), [at for at, _ in events]
        with self.writing() as connection:
            connection.executemany(
                "INSERT INTO events (group_id, stream_id, timestamp, ingested, message) VALUES (?, ?, ?, ?, ?)",
                ((group.id, stream.id, at, ingested, message) for at, message in events),
            )
            connection.execute(
                "UPDATE streams SET first = min(ifnull(first, ?1), ?1), last = max(ifnull(last, ?2), ?2), "
                "ingested = ?3, bytes = bytes + ?4 WHERE id = ?5",
                (min(times), max(times), ingested, size, stream.id),
            )

    def purge(self) -> None:
        """Delete what has expired."""
        for identity, days in self.read("SELECT id, retention FROM groups WHERE retention IS NOT NULL"):
            with self.writing() as connection:
                oldest = now() - days * DAY
                connection.execute("DELETE FROM events WHERE group_id = ? AND timestamp < ?", (identity, oldest))
