"""A SQLite file with a connection that writes and one that reads, each used by one thread at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class SqliteFile:
    """Calls block on the disk, and every one may raise sqlite3.Error. A commit is on the disk when it returns.

    Args:
        schema: statements that make what is missing.
    """

    def __init__(self, path: Path, schema: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._turns = {True: threading.Lock(), False: threading.Lock()}
        # Readers have a connection of their own, so that a long read keeps no writer waiting.
        self._connections = {
            writes: sqlite3.connect(path, isolation_level=None, check_same_thread=False) for writes in (True, False)
        }
        for connection in self._connections.values():
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}")
        self._connections[True].executescript(schema)

    def close(self) -> None:
        """Close the file, after what is under way."""
        for writes, connection in self._connections.items():
            with self._turns[writes]:
                connection.close()

    def read(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """The rows that a statement gives."""
        with self._turns[False]:
            return self._connections[False].execute(statement, parameters).fetchall()

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A transaction; committed at its end, undone where an error leaves it."""
        with self._turns[True]:
            connection = self._connections[True]
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
