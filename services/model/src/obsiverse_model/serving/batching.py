"""Micro-batching: what waits while the model is busy goes to it together, and an idle model is never waited for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from obsiverse_model.errors import Overloaded

Item = TypeVar("Item")
Result = TypeVar("Result")

TURNS = 3
"""Turns of the event loop that a busy model waits: requests that have arrived are read in them and join the batch."""


@dataclass(frozen=True)
class Done(Generic[Result]):
    """One item's result.

    Attributes:
        value: the result, or what the item failed with.
        waited: seconds in the queue.
        batch: items that it was run with, itself among them.
    """

    value: Result | Exception
    waited: float
    batch: int


@dataclass(frozen=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    since: float
    done: asyncio.Future[Done[Result]]


class Batcher(Generic[Item, Result]):
    """Gathers items into batches for a function that is run once at a time.

    Args:
        run: takes a batch and gives one result or exception an item, in order.
        size: most items in a batch.
        delay: seconds that a batch may wait to be filled, if items were waiting when the last one ended.
        capacity: most items that wait.
    """

    def __init__(
        self, run: Callable[[list[Item]], Awaitable[list[Result | Exception]]], size: int, delay: float, capacity: int
    ) -> None:
        self._run = run
        self._size = size
        self._delay = delay
        self._queue: asyncio.Queue[_Waiting[Item, Result]] = asyncio.Queue(capacity)

    async def submit(self, item: Item) -> Done[Result]:
        """Wait for an item's result. Raises Overloaded, at once, where too many wait already."""
        waiting = _Waiting[Item, Result](item, time.perf_counter(), asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise Overloaded(f"{self._queue.maxsize} requests wait for the model already; try again later") from None
        return await waiting.done

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        """Run batches until the block ends."""
        task = asyncio.create_task(self._work())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _work(self) -> None:
        while True:
            batch = await self._next()
            started = time.perf_counter()
            try:
                results = await self._run([each.item for each in batch])
            except Exception as error:  # noqa: BLE001 - every item of the batch is told
                results = [error] * len(batch)
            for each, value in zip(batch, results, strict=True):
                if not each.done.done():
                    each.done.set_result(Done(value, started - each.since, len(batch)))

    async def _next(self) -> list[_Waiting[Item, Result]]:
        busy = not self._queue.empty()
        batch = [await self._queue.get()]
        if busy:
            for _ in range(TURNS):
                await asyncio.sleep(0)
        deadline = time.perf_counter() + (self._delay if busy else 0)
        while len(batch) < self._size:
            if not self._queue.empty():
                batch.append(self._queue.get_nowait())
                continue
            left = deadline - time.perf_counter()
            if left <= 0:
                break
            try:
                batch.append(await asyncio.wait_for(self._queue.get(), left))
            except asyncio.TimeoutError:
                break
        return batch
