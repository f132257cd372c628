"""Health checks with Compose's timings, made by the agent itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from obsiverse.agent.runtime import Running
from obsiverse.agent.spec import Health
from obsiverse.agent.state import State, TaskHealth

ANSWER_BYTES = 64 * 1024
# Before the first success checks come sooner than Compose's, and then count only where they succeed: a service is
# known to be healthy a moment after it is, not up to an interval later.
EAGER_SECONDS = 60.0
EAGER_NETWORK = (0.1, 1.5, 1.0)
EAGER_COMMAND = (0.5, 2.0, 30.0)


class CheckFailed(Exception):
    """A check found the task not to be well; the message says how."""


async def check_http(host: str, port: int, path: str) -> None:
    """GET a path; below 400 is healthy.

    Raises:
        CheckFailed: another status, or no HTTP.
        OSError: no connection.
    """
    reader, writer = await asyncio.open_connection(host, port, limit=ANSWER_BYTES)
    try:
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            "User-Agent: obsiverse",
            "Accept: */*",
            "Connection: close",
        )
        writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        await writer.drain()
        words = (await reader.readline()).split(maxsplit=2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
            raise CheckFailed("what answers does not speak HTTP")
        if int(words[1]) >= 400:
            raise CheckFailed(f"GET {path} answers {int(words[1])}")
        # To the end, so that the server does not meet a closed connection.
        await reader.read(ANSWER_BYTES)
    except ValueError as error:
        raise CheckFailed("what answers does not speak HTTP") from error
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def check_tcp(host: str, port: int) -> None:
    """Connect.

    Raises:
        OSError: no connection.
    """
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def check(health: Health, state: State, run: Running) -> str | None:
    """Make one check.

    Returns:
        What is wrong; None where nothing is.
    """
    try:
        async with asyncio.timeout(health.timeout):
            if health.http:
                await check_http(run.host, state.host_port(health.http.port), health.http.path)
            elif health.tcp:
                await check_tcp(run.host, state.host_port(health.tcp.port))
            else:
                code = await run.check(health.command(), health.timeout)
                return f"the check exits with {code}" if code else None
    except TimeoutError:
        return f"no answer in {health.timeout:g} s"
    except CheckFailed as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)
    return None


async def watch(
    health: Health,
    probe: Callable[[], Awaitable[str | None]],
    report: Callable[[TaskHealth, str], None],
    *,
    was: TaskHealth = "starting",
) -> None:
    """Check for as long as the task runs, and report each change.

    As in Compose: the checks come every `start_interval` during `start_period` and every `interval` after it, `retries`
    failures in a row make a task unhealthy, and those in the start period don't count until one check has succeeded.

    Args:
        probe: makes one check and says what is wrong.
        report: is told `healthy`, and `unhealthy` with what is wrong.
        was: the health when it begins; an adopted task's is what it was.
    """
    loop = asyncio.get_running_loop()
    now = was
    began = loop.time()
    succeeded = was == "healthy"
    failures = 0
    eager, growth, longest = EAGER_COMMAND if health.test else EAGER_NETWORK

    def period() -> float:
        starting = not succeeded and loop.time() - began < health.start_period
        return health.start_interval if starting else health.interval

    due = began + (eager if was != "starting" else period())
    while True:
        wake = due
        if now == "starting" and loop.time() - began < EAGER_SECONDS:
            wake = min(due, loop.time() + eager)
            eager = min(longest, eager * growth)
        await asyncio.sleep(wake - loop.time())
        asked = loop.time()
        problem = await probe()
        if problem is None:
            succeeded, failures, due = True, 0, loop.time() + period()
            if now != "healthy":
                now = "healthy"
                report(now, "")
        elif loop.time() >= due:
            due = loop.time() + period()
            failures += succeeded or asked - began >= health.start_period
            if failures >= health.retries and now != "unhealthy":
                now = "unhealthy"
                report(now, f"{failures} checks in a row failed: {problem}")
