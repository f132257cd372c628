"""Routes on disk: one SQLite file, committed before a change is acknowledged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from obsiverse_endpoints.routes import RouteDocument, RouteKey

_SCHEMA = """
CREATE TABLE IF NOT EXISTS routes (
    account TEXT NOT NULL, region TEXT NOT NULL, endpoint TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (account, region, endpoint)
) WITHOUT ROWID
"""


class RouteStore:
    """The routes of every account. Calls block on the disk and must not overlap; every one may raise sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The table serialises its calls, which come from a pool of threads.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(_SCHEMA)

    def load(self) -> Iterator[tuple[RouteKey, RouteDocument]]:
        """Every route."""
        for account, region, endpoint, document in self._connection.execute("SELECT * FROM routes"):
            yield RouteKey(account, region, endpoint), RouteDocument.model_validate_json(document)

    def put(self, key: RouteKey, document: RouteDocument) -> None:
        """Keep a route, in place of the one with its key."""
        self._connection.execute(
            "INSERT OR REPLACE INTO routes VALUES (?, ?, ?, ?)", (*key, document.model_dump_json())
        )

    def delete(self, key: RouteKey) -> None:
        """Forget a route; one that is not there is no error."""
        self._connection.execute("DELETE FROM routes WHERE account = ? AND region = ? AND endpoint = ?", key)

    def close(self) -> None:
        """Write the journal back and close the file."""
        self._connection.close()
