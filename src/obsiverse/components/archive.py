"""Taking programs out of archives."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from obsiverse.components.errors import DownloadFailed, NoSpace

_BROKEN = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError)


def extract_programs(archive: Path, members: Mapping[str, str], folder: Path) -> None:
    """Write each wanted member of a .tar.gz into `folder` under its program's name, executable.

    Nothing else of the archive is written, so its other names can't lead anywhere.

    Args:
        members: by program, its full name in the archive.

    Raises:
        DownloadFailed: the archive is broken, lacks a member, or has something else than a file in its place.
        NoSpace: the disk is full.
    """
    wanted = {member: program for program, member in members.items()}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for info in tar:
                program = wanted.pop(info.name.removeprefix("./"), None)
                if program is None:
                    continue
                source = tar.extractfile(info) if info.isreg() else None
                if source is None:
                    raise DownloadFailed(f"{info.name} in {archive.name} is not a plain file")
                with source, (folder / program).open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
                (folder / program).chmod(0o755)
                if not wanted:
                    return
    except _BROKEN as error:
        raise DownloadFailed(f"{archive.name} is not a sound archive: {error}") from error
    except OSError as error:
        raise NoSpace(folder, error) from error
    raise DownloadFailed(f"{archive.name} has no {', '.join(wanted)}")


def extract_tree(archive: Path, folder: Path) -> None:
    """Unpack a whole .tar.gz into `folder`; names, links and devices that lead outside are refused.

    Raises:
        DownloadFailed: the archive is broken or tries to escape.
        NoSpace: the disk is full.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except _BROKEN as error:
        raise DownloadFailed(f"{archive.name} is not a sound archive: {error}") from error
    except OSError as error:
        raise NoSpace(folder, error) from error
