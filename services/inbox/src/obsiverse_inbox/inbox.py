"""The inbox itself: keeps a message, then tells whoever is watching."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from obsiverse_inbox.messages import Incoming, Summary
from obsiverse_inbox.store import Store


class Inbox:
    """What all ways in and out share. Lives on one event loop."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._watchers: set[asyncio.Event] = set()
        self._closed = False

    async def accept(self, incoming: Incoming) -> Summary:
        """Keep a message; once this returns it is on disk and watchers are told.

        Raises:
            StoreError: it was not kept.
        """
        summary = await asyncio.to_thread(self.store.add, incoming)
        self._wake()
        return summary

    async def watch(self) -> AsyncIterator[None]:
        """Yield at once, and again each time there may be new messages in the store, until `close`.

        A slow watcher is woken once for many messages.
        """
        changed = asyncio.Event()
        changed.set()
        self._watchers.add(changed)
        try:
            while await changed.wait() and not self._closed:
                changed.clear()
                yield
        finally:
            self._watchers.discard(changed)

    def close(self) -> None:
        """End every watch, so that a shutdown waits for no open page."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        for watcher in self._watchers:
            watcher.set()
