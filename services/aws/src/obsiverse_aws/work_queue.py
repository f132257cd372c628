"""Keys that want work: each is worked on by one thread at a time, and again later where that failed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable

_log = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 10.0


class Retry(Exception):
    """The work can't be done now; it is tried again with a growing pause."""


class WorkQueue[K: Hashable]:
    """Threads that call `work` for each key that was added.

    A key added while it is worked on is worked on once more. Any exception of `work` is a reason to try again.
    """

    def __init__(self, name: str, work: Callable[[K], None], threads: int = 4) -> None:
        self._work = work
        self._due: dict[K, float] = {}
        self._active: set[K] = set()
        self._failures: dict[K, int] = {}
        self._news = threading.Condition()
        for number in range(threads):
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True).start()

    def add(self, key: K, delay: float = 0.0) -> None:
        """Ask for work on a key, in `delay` seconds at the latest."""
        due = time.monotonic() + delay
        with self._news:
            self._due[key] = min(due, self._due.get(key, due))
            self._news.notify()

    def _take(self) -> K:
        with self._news:
            while True:
                free = {key: due for key, due in self._due.items() if key not in self._active}
                first = min(free, key=free.__getitem__, default=None)
                if first is None:
                    self._news.wait()
                    continue
                pause = free[first] - time.monotonic()
                if pause > 0:
                    self._news.wait(pause)
                    continue
                del self._due[first]
                self._active.add(first)
                return first

    def _run(self) -> None:
        while True:
            key = self._take()
            try:
                self._work(key)
            except Retry as error:
                self._again(key, str(error), None)
            except Exception as error:  # noqa: BLE001 - one key's failure must not end the thread that serves the others
                self._again(key, repr(error), error)
            else:
                self._failures.pop(key, None)
            with self._news:
                self._active.discard(key)
                self._news.notify()

    def _again(self, key: K, reason: str, error: Exception | None) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = min(FIRST_PAUSE * 2**failures, LONGEST_PAUSE)
        _log.warning("%s: %s; again in %.1f s", key, reason, pause, exc_info=error)
        self.add(key, pause)
