"""Files of state: written so that a power cut leaves the old content or the new, and read only where they are whole.

A file is MAGIC, the content's length (8 bytes, big-endian), its SHA-256 and the content. The generation before it stands
beside it, under PREVIOUS.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

MAGIC = b"obsiverse state 1\n"
HEADER = len(MAGIC) + 8 + 32
PREVIOUS = ".previous"
DAMAGED = ".damaged"

LOG = logging.getLogger(__name__)


class Damaged(Exception):
    """A file of state is cut short or altered."""


def write(file: Path, content: bytes) -> None:
    """Replace a file's content; the content until now becomes the previous generation.

    Raises OSError, and then the file is as it was.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    with part.open("wb") as out:
        out.write(MAGIC + len(content).to_bytes(8, "big") + hashlib.sha256(content).digest())
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    if file.exists():
        # By a link, so that at no time there is only the previous one.
        link = file.with_name(file.name + ".link")
        link.unlink(missing_ok=True)
        link.hardlink_to(file)
        link.replace(previous(file))
    part.replace(file)
    sync_folder(file.parent)


def read(file: Path) -> bytes:
    """A file's content.

    Raises Damaged, or OSError.
    """
    raw = file.read_bytes()
    length = int.from_bytes(raw[len(MAGIC) : len(MAGIC) + 8], "big")
    digest, content = raw[len(MAGIC) + 8 : HEADER], raw[HEADER:]
    if not raw.startswith(MAGIC) or len(raw) < HEADER:
        raise Damaged(f"{file} has no header")
    if len(content) != length:
        raise Damaged(f"{file} has {len(content)} bytes of {length}")
    if hashlib.sha256(content).digest() != digest:
        raise Damaged(f"{file} does not have the checksum that it names")
    return content


def generations(file: Path) -> list[Path]:
    """The generations of a file that are there, the newest first."""
    return [one for one in (file, previous(file)) if one.exists()]


def previous(file: Path) -> Path:
    """Where the generation before a file is."""
    return file.with_name(file.name + PREVIOUS)


def set_aside(file: Path) -> None:
    """Keep a damaged file for whoever wants to look at it, where it never becomes the previous generation of a good one."""
    file.replace(file.with_name(file.name + DAMAGED))


def remove(file: Path) -> None:
    """Remove a file in all its generations."""
    for one in generations(file):
        one.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring what was renamed in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
