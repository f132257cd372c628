"""Segment documents on disk, and the index that traces are searched by.

What is written is on the disk before it is acknowledged. The index follows: a trace is indexed again shortly after each of its documents,
also by the next process where this one ends before.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from obsiverse_telemetry.sqlite_file import SqliteFile
from obsiverse_telemetry.xray.index import Edge, Service, index_trace
from obsiverse_telemetry.xray.schema import SCHEMA
from obsiverse_telemetry.xray.segment import Document, Stored

DAY_SECONDS = 86400.0
INDEXED_AT_ONCE = 500


class Owner(NamedTuple):
    """Whose traces they are."""

    account: str
    region: str


class Written(NamedTuple):
    """What one request brought."""

    owner: Owner
    segments: Sequence[Stored]


class XRayStore(SqliteFile):
    """The file.

    Args:
        days: how long traces are kept.
    """

    def __init__(self, path: Path, days: int) -> None:
        super().__init__(path, SCHEMA)
        self._retention = days * DAY_SECONDS

    def write(self, requests: Iterable[Written]) -> None:
        """Keep the documents of some requests, in one transaction; one of a known id replaces it."""
        with self.writing() as connection:
            for owner, segments in requests:
                connection.executemany(
                    "INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?, ?, ?)", ((*owner, *one) for one in segments)
                )
                changed = {one.trace_id for one in segments}
                connection.executemany(
                    "INSERT OR REPLACE INTO changed (account, region, trace_id) VALUES (?, ?, ?)",
                    ((*owner, trace_id) for trace_id in changed),
                )

    def index_changed(self) -> int:
        """Index some of the traces that changed; how many."""
        changed = self.read("SELECT id, account, region, trace_id FROM changed ORDER BY id LIMIT ?", (INDEXED_AT_ONCE,))
        if not changed:
            return 0
        indexed = [
            (Owner(account, region), index_trace(trace_id, documents))
            for _, account, region, trace_id in changed
            if (documents := self.documents(Owner(account, region), trace_id))
        ]
        now = time.time()
        with self.writing() as connection:
            for owner, index in indexed:
                self._replace(connection, owner, now, index.trace, index)
            # One that changed meanwhile is there again, under another id.
            connection.executemany("DELETE FROM changed WHERE id = ?", ((row[0],) for row in changed))
        return len(changed)

    def _replace(
        self, connection: sqlite3.Connection, owner: Owner, now: float, trace: dict[str, Any], index: Any
    ) -> None:
        row = {"account": owner.account, "region": owner.region, "indexed_at": now, **trace}
        where = (owner.account, owner.region, trace["trace_id"])
        connection.execute("DELETE FROM traces WHERE account = ? AND region = ? AND trace_id = ?", where)
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        made = connection.execute(f"INSERT INTO traces ({names}) VALUES ({marks})", list(row.values()))  # noqa: S608 - names of columns
        identity = made.lastrowid
        for table, rows in (
            ("trace_services", index.services),
            ("trace_edges", index.edges),
            ("trace_annotations", index.annotations),
        ):
            if rows:
                marks = ", ".join("?" * (len(rows[0]) + 1))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", ((identity, *one) for one in rows))  # noqa: S608

    def documents(self, owner: Owner, trace_id: str) -> list[Document]:
        """A trace's documents, oldest end first."""
        where = "WHERE account = ? AND region = ? AND trace_id = ? ORDER BY end_time"
        rows = self.read(f"SELECT document FROM segments {where}", (*owner, trace_id))  # noqa: S608
        return [orjson.loads(document) for (document,) in rows]

    def summaries(
        self,
        owner: Owner,
        span: tuple[float, float],
        *,
        by: str,
        where: str,
        parameters: Sequence[Any],
        limit: int,
        after: int,
    ) -> list[tuple[int, str]]:
        """(id, summary) of the traces of a time span that meet a condition, newest first.

        Args:
            span: from and to, Unix seconds.
            by: the column of `traces` that the span is of.
            where: a condition over `traces`, with its parameters.
            after: the id of the last one that was seen; 0 for the first.
        """
        statement = (
            f"SELECT id, summary FROM traces WHERE account = ? AND region = ? AND {by} >= ? AND {by} <= ? "  # noqa: S608 - all ours
            f"AND (? = 0 OR id < ?) AND ({where}) ORDER BY id DESC LIMIT ?"
        )
        return self.read(statement, (*owner, *span, after, after, *parameters, limit))

    def count(self, owner: Owner, span: tuple[float, float], by: str) -> int:
        """How many traces a time span has."""
        statement = f"SELECT count(*) FROM traces WHERE account = ? AND region = ? AND {by} >= ? AND {by} <= ?"  # noqa: S608
        return self.read(statement, (*owner, *span))[0][0]

    def graph_rows(
        self, owner: Owner, where: str, parameters: Sequence[Any]
    ) -> tuple[list[tuple[float, float, Service]], list[tuple[float, float, Edge]]]:
        """The services and edges of the traces that meet a condition, each with its trace's start and end."""
        found: list[list[Any]] = []
        for table, kind in (("trace_services", Service), ("trace_edges", Edge)):
            columns = ", ".join(f"part.{name}" for name in kind._fields)
            statement = (
                f"SELECT traces.start_time, traces.end_time, {columns} FROM traces JOIN {table} AS part ON part.trace = traces.id "  # noqa: S608
                f"WHERE account = ? AND region = ? AND ({where})"
            )
            rows = self.read(statement, (*owner, *parameters))
            found.append([(start, end, kind(*members)) for start, end, *members in rows])
        services, edges = found
        return services, edges

    def purge(self) -> None:
        """Delete what ended too long ago."""
        oldest = time.time() - self._retention
        with self.writing() as connection:
            connection.execute("DELETE FROM segments WHERE end_time < ?", (oldest,))
            connection.execute("DELETE FROM traces WHERE end_time < ?", (oldest,))

    def forget(self, account: str) -> None:
        """Delete all traces of an account."""
        with self.writing() as connection:
            for table in ("segments", "changed", "traces"):
                connection.execute(f"DELETE FROM {table} WHERE account = ?", (account,))  # noqa: S608
