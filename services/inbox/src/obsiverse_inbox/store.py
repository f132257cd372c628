"""Messages in SQLite: committed before they are acknowledged, the oldest deleted beyond a limit."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from obsiverse_inbox.messages import KINDS, PREVIEW_CHARACTERS, Incoming, Kind, Message, Summary

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at REAL NOT NULL,
    kind TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    size INTEGER NOT NULL,
    raw BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_kind ON messages (kind, id);
"""
COLUMNS = f"id, received_at, kind, sender, recipients, subject, substr(text, 1, {PREVIEW_CHARACTERS}), size"


class StoreError(Exception):
    """The database can't be written, most often because the disk is full; the message was not kept."""


class Store:
    """The messages of one folder. Safe to use from several threads."""

    def __init__(self, folder: Path, keep: int) -> None:
        """Open or create `folder`/inbox.db, to hold at most `keep` messages.

        Raises:
            StoreError: it can't be opened.
        """
        self._keep = keep
        self._lock = threading.Lock()
        with _reported(f"{folder} can't hold the inbox"):
            folder.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(folder / "inbox.db", check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            # FULL, because a sender forgets a message at our 250 or 200: it has to outlive a power cut too.
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(SCHEMA)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    def add(self, incoming: Incoming) -> Summary:
        """Keep a message; once this returns it is on disk.

        Raises:
            StoreError: it is not.
        """
        received_at = time.time()
        row = (
            received_at,
            incoming.kind,
            incoming.sender,
            json.dumps(incoming.recipients, ensure_ascii=False),
            incoming.subject,
            incoming.text,
            len(incoming.raw),
            incoming.raw,
        )
        with self._lock, _reported("the message can't be kept"), self._transaction():
            cursor = self._database.execute(
                "INSERT INTO messages (received_at, kind, sender, recipients, subject, text, size, raw)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            self._database.execute(
                "DELETE FROM messages WHERE id <= (SELECT id FROM messages ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (self._keep,),
            )
        return Summary(
            id=cursor.lastrowid or 0,
            received_at=received_at,
            kind=incoming.kind,
            sender=incoming.sender,
            recipients=incoming.recipients,
            subject=incoming.subject,
            preview=incoming.text[:PREVIEW_CHARACTERS],
            size=len(incoming.raw),
        )

    def list(
        self, *, kind: Kind | None = None, q: str = "", since: float | None = None, after: int = 0, limit: int = 50
    ) -> list[Summary]:
        """The newest messages first.

        Args:
            kind: only of this kind.
            q: only those whose sender, recipients, subject or text contain it; ASCII letters match in either case.
            since: only those received at or after this time, in Unix seconds.
            after: only those with a greater id.
            limit: at most so many.
        """
        pattern = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        with self._lock:
            rows = self._database.execute(
                f"SELECT {COLUMNS} FROM messages WHERE id > :after"  # noqa: S608 - COLUMNS is ours
                " AND (:kind IS NULL OR kind = :kind) AND (:since IS NULL OR received_at >= :since)"
                " AND (:q = '' OR subject LIKE :pattern ESCAPE '\\' OR text LIKE :pattern ESCAPE '\\'"
                "      OR sender LIKE :pattern ESCAPE '\\' OR recipients LIKE :pattern ESCAPE '\\')"
                " ORDER BY id DESC LIMIT :limit",
                {"after": after, "kind": kind, "since": since, "q": q, "pattern": pattern, "limit": limit},
            ).fetchall()
        return [_summary(row) for row in rows]

    def get(self, message_id: int) -> Message | None:
        """One message with its content, or None."""
        with self._lock:
            row = self._database.execute(
                f"SELECT {COLUMNS}, text, raw FROM messages WHERE id = ?",  # noqa: S608
                (message_id,),
            ).fetchone()
        return Message(_summary(row[:-2]), row[-2], row[-1]) if row else None

    def counts(self) -> dict[Kind, int]:
        """How many messages there are of each kind."""
        with self._lock:
            found: dict[Kind, int] = dict(
                self._database.execute("SELECT kind, count(*) FROM messages GROUP BY kind").fetchall()
            )
        return {kind: found.get(kind, 0) for kind in KINDS}

    def clear(self) -> int:
        """Delete every message and return how many there were.

        Raises:
            StoreError: they are still there.
        """
        with self._lock, _reported("the messages can't be deleted"), self._transaction():
            return self._database.execute("DELETE FROM messages").rowcount

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise


@contextmanager
def _reported(what: str) -> Generator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise StoreError(f"{what}: {error}") from error


def _summary(row: tuple[Any, ...]) -> Summary:
    message_id, received_at, kind, sender, recipients, subject, preview, size = row
    return Summary(message_id, received_at, kind, sender, tuple(json.loads(recipients)), subject, preview, size)
