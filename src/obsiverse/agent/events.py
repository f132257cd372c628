"""What happened to tasks: kept on disk, bounded, and sent to those who follow."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

log = logging.getLogger(__name__)
FILE_BYTES = 1024 * 1024
WAITING = 10_000

EventType = Literal[
    "created", "started", "healthy", "unhealthy", "exited", "restarting", "stopped", "removed", "adopted"
]


class Events:
    """The agent's events: the last one to two MiB of them, in `events.ndjson` and `events.1.ndjson`."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: where the files are.
        """
        self._path = folder / "events.ndjson"
        self._old = folder / "events.1.ndjson"
        self._followers: set[asyncio.Queue[dict[str, Any] | None]] = set()
        self._failing = False

    def emit(
        self,
        task: str,
        kind: EventType,
        *,
        labels: Mapping[str, str],
        exit_code: int | None = None,
        signal: str | None = None,
        message: str = "",
    ) -> None:
        """Keep an event and tell the followers. A full disk keeps it from the file alone, with a warning."""
        event: dict[str, Any] = {
            "time": time.time(),
            "task": task,
            "type": kind,
            "exit_code": exit_code,
            "signal": signal,
            "message": message,
            "labels": dict(labels),
        }
        for follower in self._followers:
            with suppress(asyncio.QueueFull):  # it does not read; it may ask again with `since`
                follower.put_nowait(event)
        try:
            with self._path.open("a") as file:
                file.write(json.dumps(event) + "\n")
                full = file.tell() > FILE_BYTES
            if full:
                self._path.replace(self._old)
            self._failing = False
        except OSError as error:
            if not self._failing:
                log.warning("events can't be written: %s", error)
            self._failing = True

    def close(self) -> None:
        """End all followers."""
        for follower in self._followers:
            with suppress(asyncio.QueueFull):
                follower.put_nowait(None)

    async def read(self, *, since: float | None, follow: bool, task: str | None) -> AsyncIterator[bytes]:
        """Events as NDJSON.

        Args:
            since: Unix seconds; None gives all that are kept or, with `follow`, none of them.
            follow: go on with those that come.
            task: this task's alone.
        """
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(WAITING)
        if follow:
            self._followers.add(queue)
        try:
            if since is not None or not follow:
                # No await between joining and reading: an event is in the files or in the queue, never in both.
                kept = [line for line, event in self._kept() if _wanted(event, since, task)]
                for at in range(0, len(kept), 500):
                    yield b"".join(kept[at : at + 500])
            while follow and (event := await queue.get()) is not None:
                if _wanted(event, since, task):
                    yield json.dumps(event).encode() + b"\n"
        finally:
            self._followers.discard(queue)

    def _kept(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        for path in (self._old, self._path):
            with suppress(OSError), path.open("rb") as file:
                for line in file:
                    with suppress(ValueError):  # the disk was full in the middle of it
                        yield line, json.loads(line)


def _wanted(event: Mapping[str, Any], since: float | None, task: str | None) -> bool:
    return (since is None or event["time"] >= since) and (task is None or event["task"] == task)
