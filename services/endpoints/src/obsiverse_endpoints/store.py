"""Routes on disk: one SQLite file, committed before a change is acknowledged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog
from obsiverse_dataplane.database import Database
from pydantic import ValidationError

from obsiverse_endpoints.routes import RouteDocument, RouteKey

_log = structlog.get_logger()
_SCHEMA = """
CREATE TABLE IF NOT EXISTS routes (
    account TEXT NOT NULL, region TEXT NOT NULL, endpoint TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (account, region, endpoint)
) WITHOUT ROWID
"""


class RouteStore:
    """The routes of every account. Calls block on the disk; every one may raise sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)

    def load(self) -> Iterator[tuple[RouteKey, RouteDocument]]:
        """Every route."""
        for account, region, endpoint, document in self._database.execute("SELECT * FROM routes"):
            try:
                yield RouteKey(account, region, endpoint), RouteDocument.model_validate_json(document)
            except ValidationError as error:
                # Another version's; the edge writes the routes of all its endpoints when it starts.
                _log.warning("a route can't be read", account=account, endpoint=endpoint, error=str(error))

    def put(self, key: RouteKey, document: RouteDocument) -> None:
        """Keep a route, in place of the one with its key."""
        self._database.execute(
            "INSERT OR REPLACE INTO routes VALUES (?, ?, ?, ?)", (*key, document.model_dump_json(by_alias=True))
        )

    def delete(self, key: RouteKey) -> None:
        """Forget a route; one that is not there is no error."""
        self._database.execute("DELETE FROM routes WHERE account = ? AND region = ? AND endpoint = ?", key)

    def delete_account(self, account: str) -> None:
        """Forget every route of an account."""
        self._database.execute("DELETE FROM routes WHERE account = ?", (account,))

    def close(self) -> None:
        """Write the journal back and close the file."""
        self._database.close()
