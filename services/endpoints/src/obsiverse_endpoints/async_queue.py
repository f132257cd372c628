"""Which asynchronous request is worked on when: first come first served, as many at once as the instances take."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import NamedTuple

import structlog

from obsiverse_endpoints.async_messages import Outcome
from obsiverse_endpoints.async_request import AsyncRequest
from obsiverse_endpoints.async_run import AsyncRun, NoInstanceError
from obsiverse_endpoints.async_store import AsyncStore
from obsiverse_endpoints.errors import EndpointNotFound
from obsiverse_endpoints.routes import RouteKey
from obsiverse_endpoints.table import RouteTable

AGAIN_SECONDS = 1.0  # after which instances that refused their connections are asked again

_log = structlog.get_logger()


class Done(NamedTuple):
    """A request's end: seconds in the queue, and from its acceptance to its end."""

    key: RouteKey
    outcome: Outcome
    queued_seconds: float
    total_seconds: float


class _Line:
    """An endpoint's requests."""

    def __init__(self) -> None:
        self.waiting: deque[AsyncRequest] = deque()
        self.running = 0


class AsyncQueue:
    """The requests of all endpoints, as the store has them. A request is on disk before it is acknowledged.

    Args:
        observe: told of every request's end.
    """

    def __init__(
        self,
        store: AsyncStore,
        table: RouteTable,
        run: AsyncRun,
        observe: Callable[[Done], None] = lambda done: None,
    ) -> None:
        self._store = store
        self._table = table
        self._run = run
        self._observe = observe
        self._lines: dict[RouteKey, _Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        table.listen(self._pump)

    def start(self) -> None:
        """Take up what an earlier process left."""
        for request in self._store.load():
            self._enqueue(request)

    async def close(self) -> None:
        """Stop; what is not done stays on disk."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def add(self, request: AsyncRequest) -> None:
        """Accept a request; raises sqlite3.Error, and then it is not."""
        await self._store.add(request)
        self._enqueue(request)

    def backlog(self, key: RouteKey) -> int:
        """An endpoint's requests that wait or are worked on."""
        line = self._lines.get(key)
        return len(line.waiting) + line.running if line else 0

    def _enqueue(self, request: AsyncRequest) -> None:
        self._lines.setdefault(request.key, _Line()).waiting.append(request)
        seconds = max(0.0, request.expires - time.time())
        self._timers[request.id] = asyncio.get_running_loop().call_later(seconds, self._expire, request)
        self._pump(request.key)

    def _pump(self, key: RouteKey) -> None:
        line = self._lines.get(key)
        if line is None:
            return
        room = self._room(key)
        if room is None:
            for request in line.waiting:
                self._begin(self._drop(request))
            line.waiting.clear()
            return
        while line.waiting and line.running < room:
            line.running += 1
            self._begin(self._work(line, line.waiting.popleft()))

    def _room(self, key: RouteKey) -> int | None:
        """How many requests the instances work on at once; None where the endpoint is no more."""
        try:
            route = self._table[key]
        except EndpointNotFound:
            return None
        config = route.document.asynchronous
        takers = sum(len(one.instances) for one in route.variants.values() if one.weight > 0)
        return takers * config.max_concurrent if config else 0

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # A fault of ours; the request is still on disk, and the next start tries it again.
            _log.error("an asynchronous request is stuck", exc_info=error)

    async def _work(self, line: _Line, request: AsyncRequest) -> None:
        began = time.time()
        again = False
        try:
            outcome = await self._run.invoke(request)
            await self._finish(request, outcome, began)
        except NoInstanceError:
            again = True
        except EndpointNotFound:
            await self._drop(request)
        finally:
            line.running -= 1
        if not again:
            self._pump(request.key)
        elif request.id in self._timers:
            line.waiting.appendleft(request)
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._pump, request.key)
        else:
            await self._finish(request, _expired(request), began)

    def _expire(self, request: AsyncRequest) -> None:
        self._timers.pop(request.id, None)
        line = self._lines[request.key]
        if request in line.waiting:
            line.waiting.remove(request)
            self._begin(self._finish(request, _expired(request), time.time()))

    async def _finish(self, request: AsyncRequest, outcome: Outcome, began: float) -> None:
        await self._run.tell(request, outcome)
        await self._forget(request)
        _log.info("asynchronous request done", **request.key._asdict(), id=request.id, status=outcome.status)
        self._observe(Done(request.key, outcome, began - request.accepted, time.time() - request.accepted))

    async def _drop(self, request: AsyncRequest) -> None:
        _log.info("asynchronous request dropped with its endpoint", **request.key._asdict(), id=request.id)
        await self._forget(request)

    async def _forget(self, request: AsyncRequest) -> None:
        timer = self._timers.pop(request.id, None)
        if timer is not None:
            timer.cancel()
        try:
            await self._store.remove(request)
        except sqlite3.Error as error:
            _log.error("a request that is done stays on disk, and is done again at a restart", error=str(error))


def _expired(request: AsyncRequest) -> Outcome:
    seconds = round(request.expires - request.accepted)
    return Outcome("Expired", f"ClientError: The request was in the queue for more than {seconds} seconds.")
