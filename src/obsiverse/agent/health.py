"""Health checks, made by the agent itself; timings as in Compose."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping

from obsiverse.agent.spec import Health, HttpCheck

type Check = Callable[[], Awaitable[bool]]


async def watch(health: Health, check: Check, tell: Callable[[bool], None]) -> None:
    """Check for ever; tell each change to healthy (True) and to unhealthy (False).

    Failures within `start_period` do not count, until the first success. `start_interval` is the pace until then.
    """
    began = time.monotonic()
    failures, healthy = 0, None
    while True:
        starting = healthy is None and time.monotonic() - began < health.start_period
        if await check():
            failures = 0
            if healthy is not True:
                healthy = True
                tell(True)
        elif not starting:
            failures += 1
            if failures >= health.retries and healthy is not False:
                healthy = False
                tell(False)
        await asyncio.sleep(health.start_interval if starting and healthy is None else health.interval)


def make_check(health: Health, ports: Mapping[int, int], environment: Mapping[str, str], working_dir: str) -> Check:
    """The check that a spec asks for.

    Args:
        ports: the task's ports on this machine, by container port.
        environment, working_dir: of the task, for checks that run a command.
    """

    async def check() -> bool:
        try:
            async with asyncio.timeout(health.timeout):
                if health.http is not None:
                    return await _http(health.http, ports.get(health.http.port, health.http.port))
                if health.tcp is not None:
                    return await _tcp(ports.get(health.tcp.port, health.tcp.port))
                return await _command(health.test or (), environment, working_dir)
        except (OSError, TimeoutError, ValueError):
            return False

    return check


async def _http(check: HttpCheck, port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {check.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        status = (await reader.readline()).split(None, 2)
        return len(status) >= 2 and 200 <= int(status[1]) < 400
    finally:
        writer.close()


async def _tcp(port: int) -> bool:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    return True


async def _command(test: tuple[str, ...], environment: Mapping[str, str], working_dir: str) -> bool:
    command = ("/bin/sh", "-c", test[1]) if test[0] == "CMD-SHELL" else test[1:]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(environment),
        cwd=working_dir,
    )
    try:
        return await process.wait() == 0
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
