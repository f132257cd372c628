"""Where a workspace's Prometheus and Alertmanager are: in memory for requests, in SQLite for the next start."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from obsiverse_dataplane.database import Database
from pydantic import BaseModel, ConfigDict, field_validator
from yarl import URL

_SCHEMA = """
CREATE TABLE IF NOT EXISTS workspaces (
    account TEXT, region TEXT, workspace TEXT, document TEXT NOT NULL,
    PRIMARY KEY (account, region, workspace)
) WITHOUT ROWID
"""


class WorkspaceKey(NamedTuple):
    """Whose a workspace is, and its id."""

    account: str
    region: str
    workspace: str


class Workspace(BaseModel):
    """The addresses behind a workspace, `http://host:port` with no path."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prometheus: str
    alertmanager: str

    @field_validator("prometheus", "alertmanager")
    @classmethod
    def _origin(cls, address: str) -> str:
        url = URL(address)
        if url.scheme not in ("http", "https") or not url.host or str(url.origin()) != address.rstrip("/"):
            raise ValueError("must be http://host:port")
        return address.rstrip("/")


class Workspaces:
    """All workspaces. Raises sqlite3.Error where the file can't be used."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)
        self._found = {
            WorkspaceKey(account, region, workspace): Workspace.model_validate_json(document)
            for account, region, workspace, document in self._database.execute("SELECT * FROM workspaces")
        }

    def get(self, key: WorkspaceKey) -> Workspace | None:
        """A workspace, None where there is none."""
        return self._found.get(key)

    def items(self) -> Iterable[tuple[WorkspaceKey, Workspace]]:
        """Every workspace with its key."""
        return sorted(self._found.items())

    async def put(self, key: WorkspaceKey, workspace: Workspace) -> None:
        """Keep a workspace: on disk first, then for requests."""
        row = (*key, json.dumps(workspace.model_dump()))
        await asyncio.to_thread(self._database.execute, "INSERT OR REPLACE INTO workspaces VALUES (?, ?, ?, ?)", row)
        self._found[key] = workspace

    async def delete(self, key: WorkspaceKey) -> None:
        """Forget a workspace; one that is not there is no error."""
        statement = "DELETE FROM workspaces WHERE account = ? AND region = ? AND workspace = ?"
        await asyncio.to_thread(self._database.execute, statement, key)
        self._found.pop(key, None)

    def close(self) -> None:
        """Close the file."""
        self._database.close()
