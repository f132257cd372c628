"""What happened to tasks: kept in memory and in a file, the latest first to be asked for."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

KEPT = 10_000


class Events:
    """An append-only list of the last events, which followers wait on.

    Args:
        file: where they are kept over restarts of the agent.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._events: deque[dict[str, Any]] = deque(_read(file), maxlen=KEPT)
        self._written = len(self._events)
        self._number = 0
        self._news = asyncio.Condition()

    def add(self, task: str, kind: str, **more: Any) -> None:
        """Record an event.

        Args:
            kind: created, started, healthy, unhealthy, exited, restarting, stopped, removed or adopted.
            more: exit_code, signal, message, labels.
        """
        event = {
            "time": time.time(),
            "task": task,
            "type": kind,
            "exit_code": None,
            "signal": None,
            "message": "",
            "labels": {},
            **more,
        }
        self._events.append(event)
        self._number += 1
        self._write(event)
        asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _write(self, event: dict[str, Any]) -> None:
        try:
            if self._written >= 2 * KEPT:
                self._file.write_text("".join(json.dumps(one) + "\n" for one in self._events))
                self._written = len(self._events)
            else:
                with self._file.open("a") as handle:
                    handle.write(json.dumps(event) + "\n")
                self._written += 1
        except OSError:
            # A full disk must not stop what the event is about; the event stays in memory.
            return

    def since(self, start: float, task: str | None) -> Iterator[dict[str, Any]]:
        """Events from a time on, of one task or all."""
        return (e for e in list(self._events) if e["time"] >= start and task in (None, e["task"]))

    async def follow(self, start: float, task: str | None) -> AsyncIterator[dict[str, Any]]:
        """Events from a time on, and then each new one."""
        number = self._number
        for event in self.since(start, task):
            yield event
        while True:
            async with self._news:
                await self._news.wait_for(lambda: self._number > number)
            fresh = min(self._number - number, len(self._events))
            number = self._number
            for event in list(self._events)[-fresh:]:
                if task in (None, event["task"]):
                    yield event


def _read(file: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            # The line that an agent was writing when it was killed.
            continue
