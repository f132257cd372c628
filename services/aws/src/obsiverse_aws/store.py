"""What our providers were told, in SQLite: committed to disk before a call is answered.

A resource's key is (account, region, kind, name).
"""

from __future__ import annotations

import dataclasses
import json
import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

SCHEMA = """
CREATE TABLE IF NOT EXISTS resource (
    account TEXT, region TEXT, kind TEXT, name TEXT, document TEXT NOT NULL,
    PRIMARY KEY (account, region, kind, name)
) WITHOUT ROWID, STRICT
"""


VERSION = 2
"""Of the documents; those of another version can't be read."""
_log = logging.getLogger(__name__)


class Key(NamedTuple):
    """Where a resource of a kind is."""

    account: str
    region: str
    name: str


class AlreadyExists(Exception):
    """A resource with this key is there."""


class Gone(Exception):
    """No resource has this key, or no longer."""


@dataclasses.dataclass
class Resource:
    """Anything that has a name in an account and region. Times are Unix seconds."""

    KIND: ClassVar[str]
    """As it stands in ARNs."""

    account: str
    region: str
    name: str
    created: float
    tags: dict[str, str]

    @property
    def key(self) -> Key:
        """Where it is."""
        return Key(self.account, self.region, self.name)

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """Out of its JSON."""
        return cls(**document)


class Store:
    """A database file; shared by threads, which take turns."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        _set_aside_old(file)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(file, check_same_thread=False, autocommit=True)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(SCHEMA)
        self._database.execute(f"PRAGMA user_version = {VERSION}")

    def insert(self, resource: Resource) -> None:
        """Keep a new resource.

        Raises AlreadyExists where its key is taken.
        """
        with self._lock:
            try:
                self._database.execute("INSERT INTO resource VALUES (?, ?, ?, ?, ?)", self._row(resource))
            except sqlite3.IntegrityError:
                raise AlreadyExists(f"{resource.KIND} {resource.name}") from None

    def get[R: Resource](self, kind: type[R], key: Key) -> R:
        """A resource.

        Raises Gone.
        """
        with self._lock:
            row = self._database.execute(
                "SELECT document FROM resource WHERE account = ? AND region = ? AND kind = ? AND name = ?",
                (key.account, key.region, kind.KIND, key.name),
            ).fetchone()
        if row is None:
            raise Gone(f"{kind.KIND} {key.name}")
        return kind.parse(json.loads(row[0]))

    def list[R: Resource](self, kind: type[R], account: str, region: str) -> list[R]:
        """All resources of a kind in an account and region."""
        with self._lock:
            rows = self._database.execute(
                "SELECT document FROM resource WHERE account = ? AND region = ? AND kind = ?",
                (account, region, kind.KIND),
            ).fetchall()
        return [kind.parse(json.loads(row[0])) for row in rows]

    def all[R: Resource](self, kind: type[R]) -> list[R]:
        """All resources of a kind, wherever."""
        with self._lock:
            rows = self._database.execute("SELECT document FROM resource WHERE kind = ?", (kind.KIND,)).fetchall()
        return [kind.parse(json.loads(row[0])) for row in rows]

    @contextmanager
    def change[R: Resource](self, kind: type[R], key: Key) -> Iterator[R]:
        """A resource to be changed; kept when the block ends, and not where it raises. No one else changes any meanwhile.

        Raises Gone.
        """
        with self._lock:
            resource = self.get(kind, key)
            yield resource
            self._database.execute("REPLACE INTO resource VALUES (?, ?, ?, ?, ?)", self._row(resource))

    def delete_account(self, account: str, kinds: Iterable[type[Resource]]) -> None:
        """Forget all resources of some kinds in an account, in every region."""
        with self._lock:
            self._database.executemany(
                "DELETE FROM resource WHERE account = ? AND kind = ?", [(account, kind.KIND) for kind in kinds]
            )

    def delete(self, kind: type[Resource], key: Key) -> None:
        """Forget a resource.

        Raises Gone.
        """
        with self._lock:
            deleted = self._database.execute(
                "DELETE FROM resource WHERE account = ? AND region = ? AND kind = ? AND name = ?",
                (key.account, key.region, kind.KIND, key.name),
            )
        if not deleted.rowcount:
            raise Gone(f"{kind.KIND} {key.name}")

    @staticmethod
    def _row(resource: Resource) -> tuple[str, str, str, str, str]:
        document = json.dumps(dataclasses.asdict(resource))
        return resource.account, resource.region, resource.KIND, resource.name, document


def _set_aside_old(file: Path) -> None:
    """Rename a database of another version, so that what it holds is not lost."""
    if not file.exists():
        return
    with closing(sqlite3.connect(file)) as database:
        [version] = database.execute("PRAGMA user_version").fetchone()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if version != VERSION:
        aside = file.with_name(f"{file.name}.version-{version}")
        file.replace(aside)
        _log.warning("%s is of another version: it is set aside as %s", file, aside.name)
