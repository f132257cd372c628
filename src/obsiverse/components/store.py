"""The cache of programs: one folder a version, with a record of what was put there."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from obsiverse.components.checksums import sha256_of
from obsiverse.components.errors import NoSpace
from obsiverse.components.settings import ComponentSettings, Platform

_RECORD = "record.json"


class ProgramFile(BaseModel):
    """A program as it was put into the cache.

    Attributes:
        file: relative to its folder.
        state: what the file system says of it. Any write changes it, so while it is the same, so is the sum;
            summing 100 MB at every start would take longer than starting.
    """

    file: str
    sha256: str
    state: tuple[int, ...]


class Record(BaseModel):
    """What is in a folder of the cache.

    Attributes:
        origin: `release` or `built`.
        source: the URL, or the module and Go's version.
        skipped: why each source that is tried earlier was not taken.
        programs: by name.
    """

    version: str
    origin: str
    source: str
    skipped: list[str] = []
    programs: dict[str, ProgramFile] = {}


@dataclass(frozen=True)
class Cached:
    """A folder of the cache that is as it was left."""

    folder: Path
    record: Record

    def path(self, program: str) -> Path:
        """Where a program is."""
        return self.folder / self.record.programs[program].file


class Store:
    """The folder of one distribution in the cache."""

    def __init__(self, name: str, version: str, platform: Platform, settings: ComponentSettings) -> None:
        self._folder = settings.components / name
        self._stem = f"{version}-{platform}"

    @property
    def guard(self) -> Path:
        """The lock file that whoever changes the folder holds."""
        return self._folder / ".guard"

    @property
    def refusal(self) -> Path:
        """A note of why, and when, no source of this version had it."""
        return self._folder / f"refused-{self._stem}.json"

    @property
    def downloads(self) -> Path:
        """Where archives are until they are unpacked."""
        return self._folder / "downloads"

    def look(self, key: str, programs: Iterable[str]) -> Cached | str:
        """What is cached of a release, or of a build with that key; else why nothing is."""
        reasons: list[str] = []
        for name in (self._stem, f"{self._stem}-{key}"):
            found = _look(self._folder / name, programs)
            if isinstance(found, Cached):
                return found
            reasons.append(found)
        return next((reason for reason in reasons if reason), "not cached yet")

    def begin(self) -> Path:
        """An empty folder to put programs into; what a killed process left in it is gone. The caller holds the guard.

        Raises:
            NoSpace: it can't be made.
        """
        folder = self._folder / ".new"
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        except OSError as error:
            raise NoSpace(self._folder, error) from error
        return folder

    def commit(self, folder: Path, record: Record, files: dict[str, str], key: str = "") -> Cached:
        """Keep what was put into `folder`, replacing what is there.

        Args:
            files: by program, its path in the folder.
            key: of a build; empty for a release.

        Raises:
            NoSpace: the disk is full.
        """
        final = self._folder / (f"{self._stem}-{key}" if key else self._stem)
        try:
            for program, file in files.items():
                path = folder / file
                record.programs[program] = ProgramFile(file=file, sha256=sha256_of(path), state=_state(path))
            (folder / _RECORD).write_text(record.model_dump_json(indent=2))
            shutil.rmtree(final, ignore_errors=True)
            folder.replace(final)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise NoSpace(self._folder, error) from error
        return Cached(final, record)


def _look(folder: Path, programs: Iterable[str]) -> Cached | str:
    try:
        record = Record.model_validate_json((folder / _RECORD).read_text())
    except FileNotFoundError:
        return ""
    except (OSError, ValidationError):
        return f"{folder} has no readable record"
    moved = False
    for program in programs:
        known = record.programs.get(program)
        path = folder / (known.file if known else program)
        if known is None or not path.is_file():
            return f"{path} is missing"
        if _state(path) == known.state:
            continue
        if sha256_of(path) != known.sha256:
            return f"{path} is not what was put there"
        known.state = _state(path)
        moved = True
    if moved:
        _rewrite(folder / _RECORD, record)
    return Cached(folder, record)


def _rewrite(path: Path, record: Record) -> None:
    """Keep the new state of files that were moved or copied, so that they need not be summed again."""
    new = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    with contextlib.suppress(OSError):
        new.write_text(record.model_dump_json(indent=2))
        new.replace(path)


def _state(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
