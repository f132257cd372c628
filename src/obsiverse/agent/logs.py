"""A task's log: its index of times and its rotation.

The task writes to the file itself, so the agent can neither stamp lines nor close the file. It notes about once a
second how long the log has become (`log.index`), and rotates by copying the file and truncating it. What is written
between the copy's last read and the truncation, some microseconds, is lost. Of a log that grew beyond twice
`max_size_bytes` within that second only the last `max_size_bytes` are kept, and its older lines' times are inexact.

Offsets are counted from the first byte the task ever wrote, so they stay true over rotations.
"""

from __future__ import annotations

import asyncio
import logging
import os
from bisect import bisect_left, bisect_right
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)
CHUNK = 64 * 1024
INDEX_BYTES = 256 * 1024
ROTATED = "rotated"


@dataclass(frozen=True)
class Segment:
    """One file of a log; `start` is the offset of its first byte."""

    path: Path
    start: int
    size: int

    @property
    def end(self) -> int:
        """The offset behind its last byte."""
        return self.start + self.size


@dataclass(frozen=True)
class Times:
    """When which part of a log was first seen: `times[i]` for what ends at `offsets[i]`."""

    times: list[float]
    offsets: list[int]

    def of(self, end: int) -> float | None:
        """When the byte before this offset was seen; None where it is too new to have been."""
        at = bisect_left(self.offsets, end)
        return self.times[at] if at < len(self.times) else None

    def offset_at(self, time: float) -> int | None:
        """Where begins what was seen at this time or later; None where nothing noted was."""
        at = bisect_left(self.times, time)
        if at == len(self.times):
            return self.offsets[-1] if self.offsets else None
        return self.offsets[at - 1] if at else 0


class TaskLog:
    """The log of one task."""

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: the file that the task writes to.
        """
        self.path = path
        self._index = path.with_name(f"{path.name}.index")
        self._base, self._noted = self._load()
        self._failing = False

    def _load(self) -> tuple[int, int]:
        base = noted = 0
        with suppress(OSError):
            for line in self._index.read_text().splitlines():
                word, _, number = line.partition(" ")
                with suppress(ValueError):
                    noted = int(number)
                    base = noted if word == ROTATED else base
        if noted > base + _size(self.path):
            # The agent died between a truncation and its note of it, or somebody truncated the file.
            base = noted
        return base, noted

    @property
    def end(self) -> int:
        """The offset behind the last byte written."""
        return self._base + _size(self.path)

    def sample(self, now: float) -> None:
        """Note when the log became as long as it is; called about once a second."""
        end = self.end
        if end < self._noted:
            # Truncated by somebody else: go on counting from what was there.
            self._base = self._noted
            self._note(ROTATED, self._base)
            end = self.end
        if end > self._noted:
            self._note(f"{now:.2f}", end)
            self._noted = end

    def _note(self, word: str, number: int) -> None:
        try:
            with self._index.open("a") as file:
                file.write(f"{word} {number}\n")
                long = file.tell() > INDEX_BYTES
            if long:
                self._thin_out()
            self._failing = False
        except OSError as error:
            if not self._failing:
                log.warning("the index of the log %s can't be written: %s", self.path, error)
            self._failing = True

    def _thin_out(self) -> None:
        """Forget every second time: the older a line, the coarser its time."""
        lines = self._index.read_text().splitlines()
        kept = [line for at, line in enumerate(lines) if at % 2 or line.startswith(ROTATED)]
        temporary = self._index.with_name(f".{self._index.name}")
        temporary.write_text("\n".join(kept) + "\n")
        temporary.replace(self._index)

    def times(self) -> Times:
        """The index as it is now."""
        times: list[float] = []
        offsets: list[int] = []
        with suppress(OSError):
            for line in self._index.read_text().splitlines():
                word, _, number = line.partition(" ")
                if word != ROTATED:
                    with suppress(ValueError):
                        times.append(float(word))
                        offsets.append(int(number))
        return Times(times, offsets)

    def segments(self) -> list[Segment]:
        """The log's files, oldest first; the last is the one being written."""
        found = [Segment(self.path, self._base, _size(self.path))]
        number = 1
        while (path := self._rotated(number)).exists():
            size = _size(path)
            found.insert(0, Segment(path, found[0].start - size, size))
            number += 1
        return found

    def read(self, offset: int, limit: int = CHUNK) -> tuple[bytes, int]:
        """Bytes from an offset on, and the offset behind them; no bytes at the end.

        What was rotated away is skipped.
        """
        segments = self.segments()
        offset = max(offset, segments[0].start)
        chosen = segments[max(0, bisect_right([segment.start for segment in segments], offset) - 1)]
        try:
            with chosen.path.open("rb") as file:
                file.seek(offset - chosen.start)
                data = file.read(limit)
        except OSError:
            return b"", offset
        return data, offset + len(data)

    def tail_offset(self, lines: int) -> int:
        """Where the last so many lines begin."""
        if lines <= 0:
            return self.end
        missing = lines + 1  # the last line's own end is not between two lines
        for segment in reversed(self.segments()):
            position = segment.size
            while position > 0:
                length = min(CHUNK, position)
                position -= length
                data, _ = self.read(segment.start + position, length)
                if missing == lines + 1 and data and not data.endswith(b"\n"):
                    missing = lines
                count = data.count(b"\n")
                if count >= missing:
                    for _ in range(missing - 1):
                        data = data[: data.rindex(b"\n")]
                    return segment.start + position + data.rindex(b"\n") + 1
                missing -= count
        return self.segments()[0].start

    async def rotate(self, max_size: int, max_files: int) -> bool:
        """Rotate if the log has become too long.

        Raises:
            OSError: the copy can't be written; the log is as it was.
        """
        size = _size(self.path)
        if size <= max_size:
            return False
        copy = self.path.with_name(f".{self.path.name}.copy")
        try:
            with self.path.open("rb+", buffering=0) as live, copy.open("wb", buffering=0) as target:
                if max_files > 1:
                    live.seek(_kept_from(live.fileno(), size, max_size))
                    await asyncio.to_thread(_copy, live.fileno(), target.fileno(), 2 * max_size)
                    self._shift(max_files)
                    copy.replace(self._rotated(1))
                    _copy(live.fileno(), target.fileno(), max_size)
                    end = live.tell()
                else:
                    end = size
                os.ftruncate(live.fileno(), 0)
        finally:
            copy.unlink(missing_ok=True)
        self._base += end
        self._noted = max(self._noted, self._base)
        self._note(ROTATED, self._base)
        return True

    def _shift(self, max_files: int) -> None:
        for number in range(max_files - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._rotated(number).replace(self._rotated(number + 1))
        self._rotated(max_files).unlink(missing_ok=True)

    def _rotated(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _kept_from(file: int, size: int, max_size: int) -> int:
    """Where the part to keep begins: at the first byte, or at a line's beginning where the log is far too long."""
    if size <= 2 * max_size:
        return 0
    begin = size - max_size
    newline = os.pread(file, CHUNK, begin).find(b"\n")
    return begin + newline + 1


def _copy(source: int, target: int, limit: int) -> None:
    copied = 0
    while copied < limit and (data := os.read(source, CHUNK)):
        view = memoryview(data)
        while view:
            view = view[os.write(target, view) :]
        copied += len(data)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
