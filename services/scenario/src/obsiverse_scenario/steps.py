"""Progress: a line when a step begins, a line with its seconds when it ends, plain enough for a log."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator

from obsiverse_scenario.errors import TimedOut

_POLL_SECONDS = 0.25


class Steps:
    """The steps of a run.

    Args:
        show: prints a line.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self.seconds: dict[str, float] = {}

    def note(self, line: str) -> None:
        """Something that a step found."""
        self._show(f"   {line}")

    @contextlib.contextmanager
    def step(self, name: str) -> Generator[None]:
        """Time a step; its seconds are kept under its name also where it fails."""
        self._show(f"-> {name}")
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - began, 3)
        self._show(f"   {self.seconds[name]:.1f} s")


def wait_until[T](probe: Callable[[], T | None], what: str, timeout: float, next_step: str) -> T:
    """What a probe finds, asked until it finds something. Raises TimedOut after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        found = probe()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise TimedOut(f"{what}: not within {timeout:.0f} s", next_step)
        time.sleep(_POLL_SECONDS)
