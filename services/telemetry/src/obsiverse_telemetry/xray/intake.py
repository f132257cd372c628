"""Writes documents in batches: requests that arrive while one batch is written share the next one's commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Self

import structlog

from obsiverse_telemetry.xray.segment import Stored
from obsiverse_telemetry.xray.store import Owner, Written, XRayStore

INDEX_SECONDS = 0.5
PURGE_SECONDS = 3600.0
_log = structlog.get_logger()


class Intake:
    """Between its beginning and end, documents are written, indexed and purged in the background."""

    def __init__(self, store: XRayStore) -> None:
        self._store = store
        self._waiting: list[tuple[Written, asyncio.Future[None]]] = []
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(one) for one in (self._write(), self._index(), self._purge())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def put(self, owner: Owner, segments: Sequence[Stored]) -> None:
        """Keep documents; they are on the disk when this returns. Raises sqlite3.Error."""
        if not segments:
            return
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((Written(owner, segments), done))
        self._news.set()
        await done

    async def _write(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._store.write, [written for written, _ in batch])
            except Exception as error:  # noqa: BLE001 - whoever waits is told
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
                continue
            for _, done in batch:
                if not done.done():
                    done.set_result(None)

    async def _index(self) -> None:
        while True:
            try:
                indexed = await asyncio.to_thread(self._store.index_changed)
            except Exception as error:  # noqa: BLE001 - the traces stay marked, and the next turn tries again
                _log.error("traces can't be indexed", exc_info=error)
                indexed = 0
            if not indexed:
                await asyncio.sleep(INDEX_SECONDS)

    async def _purge(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._store.purge)
            except Exception as error:  # noqa: BLE001 - the next hour's turn tries again
                _log.error("old traces can't be deleted", exc_info=error)
            await asyncio.sleep(PURGE_SECONDS)
