"""The schedule: request n is due at start + n / rate, whatever became of those before it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import structlog

from obsiverse_traffic.invoker import InvocationError, Invoker
from obsiverse_traffic.plan import Plan
from obsiverse_traffic.source import SourceError, load
from obsiverse_traffic.stats import Stats

LATE_SECONDS = 1.0  # what is due for longer than this is dropped, so that a pause ends in no burst
STOP_SECONDS = 2.0  # what requests in flight have when the service ends
RETRY_SECONDS = (0.5, 30.0)  # between attempts to read the rows at a start: from, doubling, to

_log = structlog.get_logger()


class Replay:
    """Sends what the plan says; what is due while `concurrency` requests are in flight is dropped and counted."""

    def __init__(self, plan: Plan, invoker: Invoker, stats: Stats, concurrency: int) -> None:
        self.plan = plan
        self.source_error: str | None = None
        self._invoker = invoker
        self._stats = stats
        self._concurrency = concurrency
        self._rows: Sequence[str] | None = None
        self._rng = random.Random(plan.seed)  # noqa: S311 - a repeatable choice is the point
        self._changed = asyncio.Event()
        self._requests: set[asyncio.Task[None]] = set()
        self._last_code = ""

    @property
    def rows(self) -> int | None:
        """How many rows are at hand; None while they are not read yet."""
        return None if self._rows is None else len(self._rows)

    def apply(self, plan: Plan, rows: Sequence[str] | None = None) -> None:
        """Go on by this plan from now. `rows` are its source's, where it is a new one.

        The sequence of rows begins anew with another seed or other rows, and goes on otherwise.
        """
        if rows is not None:
            self._rows, self.source_error = rows, None
        if rows is not None or plan.seed != self.plan.seed:
            self._rng = random.Random(plan.seed)  # noqa: S311
        self.plan = plan
        self._changed.set()

    async def run(self) -> None:
        """Send until cancelled; requests in flight then have STOP_SECONDS."""
        try:
            while True:
                self._changed.clear()
                plan = self.plan
                self._stats.wanted(plan.rate if plan.running else 0)
                if not plan.running:
                    await self._changed.wait()
                elif self._rows is None:
                    await self._read_rows(plan.source or ())
                else:
                    await self._send(plan, self._rows)
        finally:
            await self._finish()

    async def _finish(self) -> None:
        if self._requests:
            _, unfinished = await asyncio.wait(self._requests, timeout=STOP_SECONDS)
            for request in unfinished:
                request.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    async def _read_rows(self, source: str | Sequence[str]) -> None:
        delay, longest = RETRY_SECONDS
        while not self._changed.is_set():
            try:
                rows = await load(source)
            except SourceError as error:
                self.source_error = str(error)
                _log.warning("rows can't be read yet", error=str(error), retry_seconds=delay)
                await self._pause(delay)
                delay = min(2 * delay, longest)
            else:
                # A plan that came meanwhile brought its own.
                if not self._changed.is_set():
                    self._rows, self.source_error = rows, None
                return

    async def _send(self, plan: Plan, rows: Sequence[str]) -> None:
        loop = asyncio.get_running_loop()
        start, number = loop.time(), 0
        while not self._changed.is_set():
            ahead = start + number / plan.rate - loop.time()
            if ahead > 0:
                await self._pause(ahead)
                continue
            if ahead < -LATE_SECONDS:
                missed = int(-ahead * plan.rate)
                self._stats.drop(missed)
                number += missed
                continue
            number += 1
            # Drawn also when it is dropped: which row is the nth depends on the seed alone.
            row = self._rng.choice(rows)
            if len(self._requests) < self._concurrency:
                request = asyncio.create_task(self._request(plan, row))
                self._requests.add(request)
                request.add_done_callback(self._requests.discard)
            else:
                self._stats.drop()
            await asyncio.sleep(0)

    async def _request(self, plan: Plan, row: str) -> None:
        endpoint = plan.endpoint or ""
        began = self._stats.begin()
        try:
            await self._invoker.invoke(endpoint, plan.content_type, row.encode())
        except InvocationError as error:
            self._stats.fail(endpoint, error.code)
            self._note(error.code, str(error))
        except asyncio.CancelledError:
            self._stats.fail(endpoint, "Cancelled")
            raise
        else:
            self._stats.succeed(endpoint, began)
            self._note("200", "")

    def _note(self, code: str, message: str) -> None:
        """Log what requests come to when it changes, not each one."""
        if code != self._last_code:
            log = _log.info if code == "200" else _log.warning
            log("answers changed", code=code, before=self._last_code, message=message)
            self._last_code = code

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until the plan changes."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass
