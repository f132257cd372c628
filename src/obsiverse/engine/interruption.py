"""Cleaning up that no second Ctrl-C ends."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager

from obsiverse.engine.report import Reporter


@contextmanager
def undisturbed(report: Reporter) -> Generator[None]:
    """Let no second Ctrl-C end the cleaning up."""

    def wait(_number: int, _frame: object) -> None:
        report.warn("stopping what was started; this takes a few seconds")

    before = {number: signal.signal(number, wait) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
