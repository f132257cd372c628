"""Credentials on disk, so that callers are known while the edge is away: one SQLite file that its owner alone reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from obsiverse_dataplane.credential import Credential
from obsiverse_dataplane.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS credentials (
    access_key TEXT PRIMARY KEY, account TEXT NOT NULL, secret_access_key TEXT NOT NULL,
    session_token TEXT, expires_at REAL, fetched REAL NOT NULL
) WITHOUT ROWID
"""


class CredentialStore:
    """Credentials that the edge told. Calls block on the disk; every one may raise sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._database = Database(path, _SCHEMA, synchronous="NORMAL")

    def load(self) -> Iterator[tuple[str, Credential, float]]:
        """Every access key with its credential and the time it was fetched, in seconds since the epoch."""
        for access_key, account, secret, token, expires, fetched in self._database.execute("SELECT * FROM credentials"):
            yield access_key, Credential(account, secret, token, expires), fetched

    def put(self, access_key: str, credential: Credential, fetched: float) -> None:
        """Keep a credential, in place of the one with its key."""
        self._database.execute(
            "INSERT OR REPLACE INTO credentials VALUES (?, ?, ?, ?, ?, ?)",
            (
                access_key,
                credential.account,
                credential.secret_access_key,
                credential.session_token,
                credential.expires_at,
                fetched,
            ),
        )
        # Temporary keys come by the thousand and are never asked for again.
        self._database.execute("DELETE FROM credentials WHERE expires_at < ?", (fetched,))

    def delete(self, access_key: str) -> None:
        """Forget a credential; one that is not there is no error."""
        self._database.execute("DELETE FROM credentials WHERE access_key = ?", (access_key,))

    def close(self) -> None:
        """Write the journal back and close the file."""
        self._database.close()
