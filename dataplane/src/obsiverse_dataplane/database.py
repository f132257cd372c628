"""A SQLite file that threads share: they take turns, also with its closing.

A thread that works for a coroutine goes on when that is cancelled, so the file may be closed while a statement runs; SQLite does not
survive that by itself.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal


class Database:
    """One connection, each statement a transaction of its own. Calls block on the disk; every one may raise sqlite3.Error.

    Args:
        synchronous: FULL where what was acknowledged must outlive the machine, not only this process.
    """

    def __init__(self, path: Path, schema: str, synchronous: Literal["FULL", "NORMAL"] = "FULL") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._turn = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in ("PRAGMA journal_mode = WAL", f"PRAGMA synchronous = {synchronous}", schema):
            self.execute(statement)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """The rows that a statement gives; raises sqlite3.ProgrammingError once the file is closed."""
        with self._turn:
            return self._connection.execute(statement, parameters).fetchall()

    def close(self) -> None:
        """Write the journal back and close the file, after what is under way."""
        with self._turn:
            self._connection.close()
