"""Asynchronous requests on disk: committed before a request is acknowledged, removed when it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from obsiverse_dataplane.database import Database

from obsiverse_endpoints.async_request import AsyncRequest

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL
)
"""


class AsyncStore:
    """The requests that are not done. Every call may raise sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)

    def load(self) -> Iterator[AsyncRequest]:
        """Every request, in the order they came; blocks, for the start."""
        for (document,) in self._database.execute("SELECT document FROM requests ORDER BY number"):
            yield AsyncRequest.model_validate_json(document)

    async def add(self, request: AsyncRequest) -> None:
        """Keep a request: on disk when this returns."""
        await self._execute("INSERT INTO requests (id, document) VALUES (?, ?)", request.id, request.model_dump_json())

    async def remove(self, request: AsyncRequest) -> None:
        """Forget a request; one that is not there is no error."""
        await self._execute("DELETE FROM requests WHERE id = ?", request.id)

    async def _execute(self, statement: str, *parameters: str) -> None:
        await asyncio.to_thread(self._database.execute, statement, parameters)

    def close(self) -> None:
        """Write the journal back and close the file."""
        self._database.close()
