"""A task's log: rotation, times of its lines, reading and following.

A task writes its log file itself, so an agent's death loses nothing; in return a line's time is when the agent saw it, to about a
second. Rotation copies the file and empties it: what is written between the two, within microseconds, is lost.
"""

from __future__ import annotations

import asyncio
import os
import struct
import time
from bisect import bisect_left
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from obsiverse.agent.spec import Logging

ENTRY = struct.Struct("<dQ")
BLOCK = 1 << 16
FOLLOW_SECONDS = 0.2
LONGEST_LINE = 1 << 20


class TaskLog:
    """The log files of one task: `log`, `log.1` and so on, each with its times beside it.

    Args:
        folder: the task's.
    """

    def __init__(self, folder: Path, logging: Logging) -> None:
        self._file = folder / "log"
        self._logging = logging
        self._seen = -1

    def sample(self) -> None:
        """Note how long the log is by now, and rotate it if it is too long; called about once a second."""
        try:
            size = self._file.stat().st_size
        except FileNotFoundError:
            return
        if size < self._seen:
            self._seen = 0
        if size > self._seen:
            with _times(self._file).open("ab") as handle:
                handle.write(ENTRY.pack(time.time(), size))
            self._seen = size
        if size > self._logging.max_size_bytes:
            self._rotate()

    def _rotate(self) -> None:
        for number in range(self._logging.max_files - 1, 1, -1):
            older, newer = self._numbered(number), self._numbered(number - 1)
            for source, target in ((newer, older), (_times(newer), _times(older))):
                if source.exists():
                    source.replace(target)
        if self._logging.max_files > 1:
            with self._file.open("r+b") as source, self._numbered(1).open("wb") as target:
                while block := source.read(BLOCK):
                    target.write(block)
                source.truncate(0)
            _times(self._file).replace(_times(self._numbered(1)))
        else:
            os.truncate(self._file, 0)
            _times(self._file).unlink(missing_ok=True)
        self._seen = 0

    def _numbered(self, number: int) -> Path:
        return self._file.with_name(f"log.{number}")

    def lines(self, since: float | None = None, tail: int | None = None) -> Iterator[tuple[float, str]]:
        """What is there, as (Unix seconds, line)."""
        files = [self._numbered(n) for n in range(self._logging.max_files - 1, 0, -1)] + [self._file]
        found = (line for file in files for line in _lines(file) if since is None or line[0] >= since)
        return iter(deque(found, maxlen=tail)) if tail is not None else found

    async def follow(
        self, since: float | None, tail: int | None, over: Callable[[], bool]
    ) -> AsyncIterator[tuple[float, str]]:
        """What is there, then each new line until `over()` and nothing is left."""
        position = self._file.stat().st_size if self._file.exists() else 0
        for line in await asyncio.to_thread(lambda: list(self.lines(since, tail))):
            yield line
        rest = b""
        while True:
            ending = over()
            size = self._file.stat().st_size if self._file.exists() else 0
            if size < position:
                position = 0
            while position < size:
                with self._file.open("rb") as handle:
                    handle.seek(position)
                    block = handle.read(min(BLOCK, size - position))
                position += len(block)
                *whole, rest = (rest + block).split(b"\n")
                for line in whole:
                    yield time.time(), line.decode(errors="replace")
                if len(rest) > LONGEST_LINE:
                    yield time.time(), rest.decode(errors="replace")
                    rest = b""
                if not block:
                    break
            if ending:
                if rest:
                    yield time.time(), rest.decode(errors="replace")
                return
            await asyncio.sleep(FOLLOW_SECONDS)


def _times(file: Path) -> Path:
    return file.with_name(f"{file.name}.times")


def _lines(file: Path) -> Iterator[tuple[float, str]]:
    try:
        handle = file.open("rb")
    except FileNotFoundError:
        return
    try:
        raw = _times(file).read_bytes()
    except FileNotFoundError:
        raw = b""
    entries = list(ENTRY.iter_unpack(raw[: len(raw) // ENTRY.size * ENTRY.size]))
    sizes = [size for _, size in entries]
    now = time.time()
    end = 0
    with handle:
        for line in handle:
            end += len(line)
            place = bisect_left(sizes, end)
            yield entries[place][0] if place < len(entries) else now, line.decode(errors="replace").rstrip("\n")
