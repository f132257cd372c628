"""Tar archives into a task's folder and out of it; nothing goes outside of it."""

from __future__ import annotations

import stat
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

from obsiverse.agent.errors import Conflict, InvalidSpec, NotFound, naming_full_disk


def locate(root: Path, path: str) -> Path:
    """Where a task's path stands on this machine.

    Args:
        root: folder under which the task's paths stand.
        path: absolute, as the task's image knows it.

    Raises:
        InvalidSpec: it is not absolute, or leads out of the root, by `..` or by a link that stands there.
    """
    pure = PurePosixPath(path)
    if not pure.is_absolute() or ".." in pure.parts or "\0" in path:
        raise InvalidSpec(f"path {path!r} must be absolute, without ..")
    place = root / path.lstrip("/")
    if not place.resolve().is_relative_to(root.resolve()):
        raise InvalidSpec(f"path {path!r} leads out of the task's folder")
    return place


def unpack(root: Path, path: str, archive: IO[bytes]) -> None:
    """Unpack a tar, compressed or not, under a task's path. All of it is checked before any of it is written.

    Raises:
        InvalidSpec: it is no tar, or has entries that escape, links or devices.
        DiskFull: there is no room for it.
    """
    place = locate(root, path)
    try:
        with tarfile.open(fileobj=archive, mode="r:*") as tar:
            members = tar.getmembers()
            for member in members:
                _check(member)
                locate(root, str(PurePosixPath(path) / PurePosixPath(member.name)))
            with naming_full_disk(str(place)):
                place.mkdir(parents=True, exist_ok=True)
                for member in members:
                    tar.extract(member, place, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise InvalidSpec(f"not a tar archive, or a damaged one: {error}") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise InvalidSpec(f"the archive does not fit what is there: {error}") from error


def _check(member: tarfile.TarInfo) -> None:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\0" in member.name:
        raise InvalidSpec(f"the archive's entry {member.name!r} leads out of its folder")
    if not (member.isreg() or member.isdir()):
        raise InvalidSpec(f"the archive's entry {member.name!r} is neither a file nor a folder")


def pack(root: Path, path: str, target: IO[bytes]) -> None:
    """Write a tar of a task's path: a folder's content under names relative to it, or one file under its own.

    A link to a file in the task's folder goes in as that file.

    Raises:
        NotFound: nothing is there.
        InvalidSpec: the path escapes, or what is there is a device, or a link to a folder or to the outside.
        DiskFull: there is no room for the tar.
    """
    place = locate(root, path)
    if not place.exists():
        raise NotFound(f"the task has no {path}")
    with naming_full_disk("the archive"), tarfile.open(fileobj=target, mode="w", dereference=True) as tar:
        if place.is_file():
            _add(tar, root, place, place.name)
            return
        for folder, folders, files in place.walk():
            for name in sorted([*folders, *files]):
                _add(tar, root, folder / name, str((folder / name).relative_to(place)))


def _add(tar: tarfile.TarFile, root: Path, place: Path, name: str) -> None:
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        if place.is_symlink():
            raise InvalidSpec(f"{name} is a link to nothing") from None
        return  # deleted by the task meanwhile
    if place.is_symlink() and not (stat.S_ISREG(mode) and place.resolve().is_relative_to(root.resolve())):
        raise InvalidSpec(f"{name} is a link to a folder or out of the task's folder")
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InvalidSpec(f"{name} is neither a file nor a folder")
    try:
        tar.add(place, name, recursive=False)
    except OSError as error:
        if error.errno is not None:
            raise
        raise Conflict(f"{name} changed while it was read. Ask again once the task is done with it.") from error
