"""Changes and losses under load."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from signing import signed

CLIENTS = 8
BODY = b"sleep 0.005"


class Load:
    """Clients that invoke one endpoint as fast as it answers."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self._more = asyncio.Condition()

    async def ask(self, client: httpx.AsyncClient) -> None:
        headers = signed(f"{str(client.base_url).rstrip('/')}/endpoints/e/invocations", BODY)
        while True:
            answer = await client.post("/endpoints/e/invocations", headers=headers, content=BODY)
            async with self._more:
                self.answers.append(answer.json()["name"] if answer.is_success else str(answer.status_code))
                self._more.notify_all()

    async def see(self, count: int) -> None:
        """Wait for that many more answers."""
        target = len(self.answers) + count
        async with asyncio.timeout(60), self._more:
            await self._more.wait_for(lambda: len(self.answers) >= target)


async def held(url: str, count: int) -> None:
    """Wait until a container holds that many requests."""
    async with asyncio.timeout(30), httpx.AsyncClient() as client:
        while int((await client.get(f"{url}/held")).text) != count:  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.01)


@asynccontextmanager
async def load(url: str) -> AsyncIterator[Load]:
    """CLIENTS clients, until the block ends."""
    running = Load()
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        tasks = [asyncio.create_task(running.ask(client)) for _ in range(CLIENTS)]
        await running.see(CLIENTS)
        yield running
        failed = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not failed, "a client lost its connection"


async def test_no_request_is_lost_when_routes_change_and_old_instances_stop(own_service, container):
    old = await asyncio.to_thread(container, "0")
    own_service.route("e", {"AllTraffic": (1, [old.instance()])})
    async with load(own_service.url) as running:
        for generation in range(1, 5):
            new = await asyncio.to_thread(container, str(generation))
            await asyncio.to_thread(own_service.route, "e", {"AllTraffic": (1, [new.instance()])})
            await asyncio.to_thread(old.end, signal.SIGTERM)
            await running.see(100)
            old = new
    assert set(running.answers) == {"0", "1", "2", "3", "4"}


async def test_requests_that_a_killed_instance_held_fail_and_no_others(own_service, container):
    first, second = await asyncio.gather(*(asyncio.to_thread(container, name) for name in ("a", "b")))
    own_service.route("e", {"AllTraffic": (1, [first.instance(), second.instance()])})
    async with load(own_service.url) as running:
        await running.see(100)
        os.kill(first.popen.pid, signal.SIGKILL)
        # Far more than there are clients: one whose request was held may be told of it after others have asked again.
        await running.see(20 * CLIENTS)
        settled = len(running.answers)
        await running.see(300)
    counted = Counter(running.answers)
    errors = counted.total() - counted["a"] - counted["b"]
    assert errors == counted["503"], counted
    assert errors <= CLIENTS
    assert set(running.answers[settled:]) <= {"b"}, "errors after the instance was gone"


async def test_sigterm_answers_what_is_under_way_and_takes_nothing_new(own_service, container):
    slow = await asyncio.to_thread(container, "slow")
    own_service.route("e", {"AllTraffic": (1, [slow.instance()])})
    async with httpx.AsyncClient(base_url=own_service.url, timeout=30) as client:
        headers = signed(f"{str(client.base_url).rstrip('/')}/endpoints/e/invocations", b"sleep 1.5")
        request = asyncio.create_task(client.post("/endpoints/e/invocations", headers=headers, content=b"sleep 1.5"))
        await held(slow.url, 1)
        own_service.popen.terminate()
        answer = await request
    assert answer.json()["name"] == "slow"
    await asyncio.to_thread(own_service.popen.wait, 10)
    with pytest.raises(httpx.ConnectError):
        await asyncio.to_thread(httpx.get, f"{own_service.url}/health")
