"""The routes in use, and their changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, ItemsView

from obsiverse_endpoints.balancing import Instance, Route
from obsiverse_endpoints.errors import EndpointNotFound
from obsiverse_endpoints.routes import RouteDocument, RouteKey
from obsiverse_endpoints.store import RouteStore


class RouteTable:
    """Routes in memory, as the store has them. A change is on disk before any request sees it."""

    def __init__(self, store: RouteStore) -> None:
        self._store = store
        self._routes = {key: Route(document) for key, document in store.load()}
        self._removed: list[Instance] = []
        self._changing = asyncio.Lock()
        self._listeners: list[Callable[[RouteKey], None]] = []

    def __getitem__(self, key: RouteKey) -> Route:
        """The route of an endpoint; raises EndpointNotFound."""
        try:
            return self._routes[key]
        except KeyError:
            raise EndpointNotFound(key.endpoint, key.account) from None

    def items(self) -> ItemsView[RouteKey, Route]:
        """Every route by its key."""
        return self._routes.items()

    def listen(self, listener: Callable[[RouteKey], None]) -> None:
        """Call `listener` with the key of every route that was added, replaced or removed, once it is."""
        self._listeners.append(listener)

    async def put(self, key: RouteKey, document: RouteDocument) -> None:
        """Add or replace a route; requests under way keep the instance they have.

        Raises sqlite3.Error, and then nothing changed.
        """
        async with self._changing:
            await asyncio.to_thread(self._store.put, key, document)
            before = self._routes.get(key)
            after = self._routes[key] = Route(document, before)
            self._remove(before, after)
        self._tell(key)

    async def delete(self, key: RouteKey) -> None:
        """Remove a route; one that is not there is no error. Raises sqlite3.Error, and then nothing changed."""
        async with self._changing:
            await asyncio.to_thread(self._store.delete, key)
            self._remove(self._routes.pop(key, None), None)
        self._tell(key)

    async def delete_account(self, account: str) -> None:
        """Remove every route of an account. Raises sqlite3.Error, and then nothing changed."""
        async with self._changing:
            await asyncio.to_thread(self._store.delete_account, account)
            gone = [key for key in self._routes if key.account == account]
            for key in gone:
                self._remove(self._routes.pop(key), None)
        for key in gone:
            self._tell(key)

    def draining(self) -> list[Instance]:
        """Instances that are in no route any more, and still answer requests."""
        self._removed = [one for one in self._removed if one.outstanding]
        return self._removed

    def _remove(self, before: Route | None, after: Route | None) -> None:
        left = set(after.instances()) if after else set[Instance]()
        if before is not None:
            self._removed += [one for one in before.instances() if one not in left and one.outstanding]

    def _tell(self, key: RouteKey) -> None:
        for listener in self._listeners:
            listener(key)
