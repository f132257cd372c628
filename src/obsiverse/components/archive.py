"""Taking programs out of archives."""

from __future__ import annotations

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from obsiverse.components.errors import DownloadFailed, NoSpace

_BROKEN = (tarfile.TarError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError, ValueError)


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


def extract_tree(archive: Path, folder: Path, *, without_first: bool = False) -> None:
    """Unpack a whole .tar.gz into `folder`; names, links and devices that lead outside are refused.

    Args:
        without_first: leave out the first folder of every name: publishers put the version there, not always alike.

    Raises:
        DownloadFailed: the archive is broken or tries to escape.
        NoSpace: the disk is full.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, members=_shortened(tar) if without_first else None, filter="data")
    except _BROKEN as error:
        raise DownloadFailed(f"{archive.name} is not a sound archive: {error}") from error
    except OSError as error:
        raise NoSpace(folder, error) from error


def _shortened(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for info in tar:
        shorter = _shorter(info.name)
        if shorter:
            # Only hard links are named from the root of the archive.
            yield info.replace(name=shorter, linkname=_shorter(info.linkname) if info.islnk() else info.linkname)


def _shorter(name: str) -> str:
    return name.removeprefix("./").partition("/")[2]


def extract_zip(archive: Path, folder: Path) -> None:
    """Unpack a whole .zip into `folder`, what was executable as such; names that lead outside and links are refused.

    Raises:
        DownloadFailed: the archive is broken or tries to escape.
        NoSpace: the disk is full.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            for info in content.infolist():
                mode = info.external_attr >> 16
                path = PurePosixPath(info.filename)
                if path.is_absolute() or ".." in path.parts or stat.S_ISLNK(mode):
                    raise DownloadFailed(f"{info.filename} in {archive.name} leads outside")
                content.extract(info, folder)
                if mode & 0o111 and not info.is_dir():
                    (folder / path).chmod(0o755)
    except _BROKEN as error:
        raise DownloadFailed(f"{archive.name} is not a sound archive: {error}") from error
    except OSError as error:
        raise NoSpace(folder, error) from error
