"""The SQLite file behind everything that is kept; each row belongs to one organisation.

Rows come as dictionaries. Calls block on the disk, and every one may raise sqlite3.Error.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]

# Times are ISO 8601 in UTC, but those of annotations and tokens, which are milliseconds and seconds since the epoch.
SCHEMA = """
CREATE TABLE IF NOT EXISTS orgs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, created TEXT NOT NULL, updated TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS service_accounts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, org_id INTEGER NOT NULL REFERENCES orgs (id) ON DELETE CASCADE, uid TEXT NOT NULL,
  name TEXT NOT NULL, login TEXT NOT NULL, role TEXT NOT NULL, is_disabled INTEGER NOT NULL,
  created TEXT NOT NULL, updated TEXT NOT NULL, UNIQUE (org_id, login));
CREATE TABLE IF NOT EXISTS tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT, org_id INTEGER NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
  service_account_id INTEGER NOT NULL REFERENCES service_accounts (id) ON DELETE CASCADE, name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE, created REAL NOT NULL, expires REAL, last_used REAL, UNIQUE (org_id, name));
CREATE TABLE IF NOT EXISTS folders (
  id INTEGER PRIMARY KEY AUTOINCREMENT, org_id INTEGER NOT NULL REFERENCES orgs (id) ON DELETE CASCADE, uid TEXT NOT NULL,
  title TEXT NOT NULL, parent_uid TEXT, version INTEGER NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
  created_by TEXT NOT NULL, updated_by TEXT NOT NULL, UNIQUE (org_id, uid));
CREATE TABLE IF NOT EXISTS data_sources (
  id INTEGER PRIMARY KEY AUTOINCREMENT, org_id INTEGER NOT NULL REFERENCES orgs (id) ON DELETE CASCADE, uid TEXT NOT NULL,
  name TEXT NOT NULL, type TEXT NOT NULL, is_default INTEGER NOT NULL, read_only INTEGER NOT NULL, version INTEGER NOT NULL,
  model TEXT NOT NULL, secure TEXT NOT NULL, UNIQUE (org_id, uid), UNIQUE (org_id, name));
CREATE TABLE IF NOT EXISTS dashboards (
  id INTEGER PRIMARY KEY AUTOINCREMENT, org_id INTEGER NOT NULL REFERENCES orgs (id) ON DELETE CASCADE, uid TEXT NOT NULL,
  title TEXT NOT NULL, folder_uid TEXT NOT NULL, tags TEXT NOT NULL, version INTEGER NOT NULL, model TEXT NOT NULL,
  created TEXT NOT NULL, updated TEXT NOT NULL, created_by TEXT NOT NULL, updated_by TEXT NOT NULL,
  provider TEXT, file TEXT, UNIQUE (org_id, uid));
CREATE TABLE IF NOT EXISTS dashboard_versions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, dashboard_id INTEGER NOT NULL REFERENCES dashboards (id) ON DELETE CASCADE,
  version INTEGER NOT NULL, parent_version INTEGER NOT NULL, restored_from INTEGER NOT NULL, created TEXT NOT NULL,
  created_by TEXT NOT NULL, message TEXT NOT NULL, model TEXT NOT NULL, UNIQUE (dashboard_id, version));
CREATE TABLE IF NOT EXISTS annotations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, org_id INTEGER NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
  dashboard_uid TEXT, panel_id INTEGER, time INTEGER NOT NULL, time_end INTEGER NOT NULL, tags TEXT NOT NULL,
  text TEXT NOT NULL, data TEXT NOT NULL, login TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS annotations_by_time ON annotations (org_id, time);
CREATE TABLE IF NOT EXISTS alert_rules (
  id INTEGER PRIMARY KEY AUTOINCREMENT, org_id INTEGER NOT NULL REFERENCES orgs (id) ON DELETE CASCADE, uid TEXT NOT NULL,
  folder_uid TEXT NOT NULL, rule_group TEXT NOT NULL, position INTEGER NOT NULL, interval INTEGER NOT NULL, title TEXT NOT NULL,
  updated TEXT NOT NULL, provenance TEXT NOT NULL, model TEXT NOT NULL, UNIQUE (org_id, uid));
CREATE TABLE IF NOT EXISTS documents (
  org_id INTEGER NOT NULL REFERENCES orgs (id) ON DELETE CASCADE, kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (org_id, kind, name));
"""


class Database:
    """A connection that writes and one that reads, each used by one thread at a time; a commit is on the disk when it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Secrets of data sources are in it.
        path.touch(mode=0o600)
        self._turns = {True: threading.Lock(), False: threading.Lock()}
        self._connections = {
            writes: sqlite3.connect(path, isolation_level=None, check_same_thread=False) for writes in (True, False)
        }
        for connection in self._connections.values():
            connection.row_factory = _row
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}")
        self._connections[True].executescript(SCHEMA)

    def close(self) -> None:
        """Close the file, after what is under way."""
        for writes, connection in self._connections.items():
            with self._turns[writes]:
                connection.close()

    def all(self, statement: str, **parameters: Any) -> list[Row]:
        """The rows that a statement gives."""
        with self._turns[False]:
            return self._connections[False].execute(statement, parameters).fetchall()

    def one(self, statement: str, **parameters: Any) -> Row | None:
        """The first row, or None."""
        return next(iter(self.all(statement, **parameters)), None)

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

    def write(self, statement: str, parameters: Mapping[str, Any]) -> int:
        """One statement, a transaction of its own; the number of rows it changed."""
        with self.writing() as connection:
            return connection.execute(statement, parameters).rowcount

    def insert(self, statement: str, parameters: Mapping[str, Any]) -> int:
        """One INSERT, a transaction of its own; the new row's id."""
        with self.writing() as connection:
            return connection.execute(statement, parameters).lastrowid or 0


def _row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
