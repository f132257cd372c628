"""What many ask for at once is done once; what is over is done again."""

from __future__ import annotations

import asyncio

import pytest
from obsiverse_lookout.query import flights
from obsiverse_lookout.query.flights import Flights


class Work:
    """Counts how often it is done; goes on when it is let."""

    def __init__(self) -> None:
        self.done = 0
        self.let = asyncio.Event()

    async def __call__(self) -> bytes:
        self.done += 1
        await self.let.wait()
        return b"%d" % self.done


def test_equal_calls_share_one_flight_and_its_result() -> None:
    async def run() -> None:
        time = [0.0]
        work, shared = Work(), Flights(lambda: time[0])
        calls = [asyncio.create_task(shared.get("key", 5, work)) for _ in range(50)]
        other = asyncio.create_task(shared.get("other", 5, work))
        await asyncio.sleep(0)
        work.let.set()
        assert set(await asyncio.gather(*calls)) <= {b"1", b"2"}
        await other
        assert work.done == 2
        time[0] = 4.9
        await shared.get("key", 5, work)
        assert work.done == 2
        time[0] = 5.1
        await shared.get("key", 5, work)
        assert work.done == 3

    asyncio.run(run())


def test_first_caller_may_leave() -> None:
    async def run() -> None:
        work, shared = Work(), Flights()
        first = asyncio.create_task(shared.get("key", 5, work))
        second = asyncio.create_task(shared.get("key", 5, work))
        await asyncio.sleep(0)
        first.cancel()
        work.let.set()
        assert await second == b"1"

    asyncio.run(run())


def test_failure_reaches_everyone_and_is_tried_again_soon() -> None:
    async def run() -> None:
        time = [0.0]
        shared, tries = Flights(lambda: time[0]), list[int]()

        async def fail() -> bytes:
            tries.append(1)
            raise OSError("down")

        for _ in range(3):
            with pytest.raises(OSError, match="down"):
                await shared.get("key", 60, fail)
        assert len(tries) == 1
        time[0] = flights.FAILED_SECONDS + 0.1
        with pytest.raises(OSError, match="down"):
            await shared.get("key", 60, fail)
        assert len(tries) == 2

    asyncio.run(run())


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "KEPT_BYTES", 1000)

    async def run() -> None:
        shared, made = Flights(), list[int]()

        async def make() -> bytes:
            made.append(1)
            return b"x" * 300

        for key in range(4):
            await shared.get(key, 60, make)
        await shared.get(3, 60, make)
        assert len(made) == 4
        # The first was forgotten for the fourth.
        await shared.get(0, 60, make)
        assert len(made) == 5

    asyncio.run(run())
