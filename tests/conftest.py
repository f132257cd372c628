"""What all tests have in common."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A shell that starts the tests in the background has them ignore what Ctrl-C sends, and so would all that they start.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

# How long an example takes says nothing on a machine that is busy.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The whole topology, once for all tests that want it."""
    # Here, because most tests want none of what it needs.
    from tests.running_stack import running

    with running(tmp_path_factory.mktemp("a stack")) as one:
        yield one


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Call a function until what it returns is true; fails with its last answer."""

    def wait(probe: Callable[[], Any], within: float = 30, every: float = 0.25) -> Any:
        deadline = time.monotonic() + within
        while True:
            try:
                value, error = probe(), None
            except Exception as caught:  # noqa: BLE001 - the last error is shown
                value, error = None, caught
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {within} s; last: {error or value!r}")
            time.sleep(every)

    return wait
