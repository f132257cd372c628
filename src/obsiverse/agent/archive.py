"""Files into and out of a task's folder, as tar; what would escape the folder, links and devices are refused."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import IO

from obsiverse.agent.errors import InvalidSpec, NotFound, from_os_error


def place(root: Path, path: str) -> Path:
    """The real place of a path inside a task.

    Raises:
        InvalidSpec: the path is not absolute or has `..` in it.
    """
    parts = PurePosixPath(path).parts
    if not parts or parts[0] != "/" or ".." in parts:
        raise InvalidSpec(f"path: {path!r} is not an absolute path without '..'")
    return root.joinpath(*parts[1:])


def unpack(source: IO[bytes], target: Path) -> None:
    """Unpack a tar, plain or compressed, into a folder. Nothing is unpacked if any member is refused.

    Raises:
        InvalidSpec: it is no tar, or a member escapes the folder or is neither a file nor a folder.
        DiskFull: there is no room.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tarfile.open(fileobj=source, mode="r:*") as tar:
            members = tar.getmembers()
            for member in members:
                parts = PurePosixPath(member.name).parts
                if member.name.startswith("/") or ".." in parts:
                    raise InvalidSpec(f"archive: {member.name!r} would land outside of the task")
                if not (member.isfile() or member.isdir()):
                    raise InvalidSpec(
                        f"archive: {member.name!r} is neither a file nor a folder; links and devices are refused"
                    )
            tar.extractall(target, members, filter="data")
    except tarfile.FilterError as error:
        raise InvalidSpec(f"archive: {error}") from None
    except (tarfile.TarError, EOFError) as error:
        raise InvalidSpec(f"archive: no readable tar: {error}") from None
    except OSError as error:
        raise from_os_error(error) from error


def pack(source: Path) -> IO[bytes]:
    """A tar of a file, or of what is in a folder, in a temporary file that is gone when closed.

    Raises:
        NotFound: there is no such file or folder.
    """
    if not source.exists():
        raise NotFound(f"there is nothing at {source.name}")
    spool = tempfile.TemporaryFile()
    with tarfile.open(fileobj=spool, mode="w") as tar:
        if source.is_file():
            tar.add(source, source.name)
        else:
            for entry in sorted(os.listdir(source)):
                tar.add(
                    source / entry, entry, filter=lambda member: member if member.isfile() or member.isdir() else None
                )
    spool.seek(0)
    return spool


def copy_chunks(source: IO[bytes], target: IO[bytes]) -> None:
    """Copy a stream."""
    shutil.copyfileobj(source, target, 1 << 20)
