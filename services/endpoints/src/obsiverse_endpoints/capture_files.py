"""Captured lines on disk until they are in S3.

A line is written to its file by one call before the request is answered, so that it outlives a kill -9 of this process.
A file is closed when it is old or large enough, uploaded, and then deleted; those of an earlier process are uploaded first.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from obsiverse_endpoints.routes import RouteKey

MAX_BYTES = 4 * 1024 * 1024
_log = structlog.get_logger()


class Place(NamedTuple):
    """Whose lines they are, and the S3 URI under which they go."""

    key: RouteKey
    variant: str
    destination: str


class Closed(NamedTuple):
    """A file that gets no more lines, and what it is in S3."""

    file: Path
    account: str
    region: str
    bucket: str
    object_key: str


class _Open:
    __slots__ = ("descriptor", "since", "size")

    def __init__(self, descriptor: int, since: float) -> None:
        self.descriptor = descriptor
        self.since = since
        self.size = 0


class CaptureFiles:
    """The files of a folder; `seconds` is how long one gets lines."""

    def __init__(self, folder: Path, seconds: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._seconds = seconds
        self._open: dict[Place, tuple[Path, _Open]] = {}
        self.lost = 0
        """Lines that could not be written."""

    def append(self, place: Place, line: bytes, now: float) -> None:
        """Write a line. Where that fails it is lost, and said: a full disk is no reason to answer no requests."""
        try:
            found = self._open.get(place) or self._start(place, now)
            os.write(found[1].descriptor, line)
            found[1].size += len(line)
        except OSError as error:
            self.lost += 1
            if self.lost == 1 or self.lost % 1000 == 0:
                _log.error("captured data is lost", lines=self.lost, error=str(error))

    def _start(self, place: Place, now: float) -> tuple[Path, _Open]:
        began = datetime.fromtimestamp(now, UTC)
        name = f"{began:%M-%S}-{began.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
        bucket, _, prefix = place.destination.removeprefix("s3://").partition("/")
        parts = [prefix.strip("/"), place.key.endpoint, place.variant, f"{began:%Y/%m/%d/%H}", name]
        file = self._folder / name
        target = {
            "account": place.key.account,
            "region": place.key.region,
            "bucket": bucket,
            "object_key": "/".join(filter(None, parts)),
        }
        _beside(file).write_text(json.dumps(target))
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._open[place] = file, _Open(descriptor, now)
        return self._open[place]

    def close_due(self, now: float | None = None) -> None:
        """Close those that are old or large enough; without a time all."""
        for place, (_, opened) in list(self._open.items()):
            if now is None or now - opened.since >= self._seconds or opened.size >= MAX_BYTES:
                os.close(opened.descriptor)
                del self._open[place]

    def closed(self) -> Iterator[Closed]:
        """The files that wait to be uploaded, the oldest first."""
        writing = {file for file, _ in self._open.values()}
        waiting = [file for file in self._folder.glob("*.jsonl") if file not in writing]
        for file in sorted(waiting, key=lambda one: one.stat().st_mtime):
            try:
                target = json.loads(_beside(file).read_text())
            except (OSError, ValueError) as error:
                # It is written before the first line, so only a broken disk brings this about.
                _log.error("captured data has no address", file=str(file), error=str(error))
                continue
            yield Closed(file, **target)

    def read(self, closed: Closed) -> bytes:
        """A file's whole lines; one that a crash of the machine cut short is left out."""
        content = closed.file.read_bytes()
        return content[: content.rfind(b"\n") + 1]

    def delete(self, closed: Closed) -> None:
        """A file that is in S3 now."""
        closed.file.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            _beside(closed.file).unlink()


def _beside(file: Path) -> Path:
    return file.with_suffix(".json")
