"""When a task starts again, and when it counts as healthy."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.agent import health
from obsiverse.agent.restart import Backoff, restarts
from obsiverse.agent.runtime import Exit
from obsiverse.agent.spec import Health, Restart

GOOD, BAD, LOST = Exit(0), Exit(1), Exit(None, lost=True)


@pytest.mark.parametrize(
    ("policy", "retries", "end", "attempts", "again"),
    [
        ("no", None, BAD, 0, False),
        ("always", None, GOOD, 99, True),
        ("unless-stopped", None, GOOD, 0, True),
        ("on-failure", None, GOOD, 0, False),
        ("on-failure", None, BAD, 99, True),
        ("on-failure", None, LOST, 0, True),
        ("on-failure", 2, BAD, 1, True),
        ("on-failure", 2, BAD, 2, False),
    ],
)
def test_policies(policy: str, retries: int | None, end: Exit, attempts: int, again: bool) -> None:
    assert restarts(Restart.model_validate({"policy": policy, "max_retries": retries}), end, attempts) is again


def test_delays_double_from_a_tenth_of_a_second_to_thirty() -> None:
    assert [Backoff().delay(n) for n in range(10)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0]


@given(st.integers(0, 10**9))
def test_delays_never_pass_the_ceiling(attempts: int) -> None:
    assert 0.1 <= Backoff().delay(attempts) <= 30.0


def watch(
    check: dict[str, float], answers: Sequence[str | None], *, was: str = "starting", took: float = 0.0
) -> list[str]:
    """What is reported for these answers of the probe, one after the other, on a clock that jumps from sleep to sleep."""
    reports: list[str] = []
    left = list(answers)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        async def probe() -> str | None:
            if not left:
                done.set()
                await asyncio.Event().wait()
            await asyncio.sleep(took)
            return left.pop(0)

        task = asyncio.create_task(
            health.watch(
                Health.model_validate({"tcp": {"port": 1}, **check}),
                probe,
                lambda now, _: reports.append(f"{now}@{loop.time():.1f}"),
                was=was,  # type: ignore[arg-type]
            )
        )
        await done.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    runner = asyncio.Runner(loop_factory=JumpingLoop)
    with runner:
        runner.run(run())
    return reports


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop on which no time passes but that of sleeps, which take none."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._now = max(self._now, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def test_a_service_is_healthy_a_moment_after_it_is_and_not_an_interval_later() -> None:
    assert watch({"interval": 30}, ["no", "no", None]) == ["healthy@0.5"]


def test_retries_in_a_row_make_unhealthy_and_early_checks_do_not_count() -> None:
    reports = watch({"interval": 1, "retries": 3}, ["no"] * 30)
    assert reports == ["unhealthy@3.0"]


def test_failures_in_the_start_period_do_not_count() -> None:
    reports = watch({"interval": 1, "retries": 2, "start_period": 10, "start_interval": 1}, ["no"] * 60)
    assert reports == ["unhealthy@11.0"]


def test_after_the_first_success_failures_count_even_in_the_start_period() -> None:
    reports = watch({"interval": 1, "retries": 2, "start_period": 100, "start_interval": 1}, [None] + ["no"] * 5)
    assert reports == ["healthy@0.1", "unhealthy@2.1"]


def test_a_success_between_failures_begins_the_count_again() -> None:
    reports = watch({"interval": 1, "retries": 2}, [None, "no", None, "no", None, "no", "no"])
    assert reports == ["healthy@0.1", "unhealthy@6.1"]


def test_an_unhealthy_service_recovers() -> None:
    reports = watch({"interval": 1, "retries": 1}, [None, "no", None])
    assert reports == ["healthy@0.1", "unhealthy@1.1", "healthy@2.1"]


def test_checks_that_hang_count_although_they_began_early() -> None:
    reports = watch({"interval": 1, "retries": 2, "timeout": 5}, ["no"] * 4, took=5.0)
    assert len(reports) == 1
    assert reports[0].startswith("unhealthy")


def test_an_adopted_healthy_task_is_not_reported_healthy_again() -> None:
    assert watch({"interval": 1, "retries": 1}, [None, None, "no"], was="healthy") == ["unhealthy@2.1"]


async def serve_once(answer: bytes, path: str = "/ping") -> str | None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        try:
            await health.check_http("127.0.0.1", server.sockets[0].getsockname()[1], path)
        except health.CheckFailed as error:
            return str(error)
    return None


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", None),
        (b"HTTP/1.0 302 Found\r\n\r\n", None),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "404"),
        (b"HTTP/1.1 503 \r\n\r\n", "503"),
        (b"+PONG\r\n", "HTTP"),
        (b"x" * 200_000, "HTTP"),
        (b"", "HTTP"),
    ],
)
def test_http_below_400_is_healthy(answer: bytes, wrong: str | None) -> None:
    found = asyncio.run(serve_once(answer))
    assert (found is None) if wrong is None else (found is not None and wrong in found)
