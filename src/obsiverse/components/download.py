"""Downloads that resume after a cut and are never taken for whole before their sum is right."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

import httpx

from obsiverse.components import network
from obsiverse.components.checksums import sha256_of
from obsiverse.components.errors import ChecksumMismatch, DownloadFailed, NoSpace
from obsiverse.components.process import check
from obsiverse.components.settings import ComponentSettings

# Attempts in a row that bring not one more byte.
FRUITLESS_ATTEMPTS = 3

type Measure = Callable[[int, int | None], None]
"""Called with the bytes had so far and the bytes of the whole file, if known."""


@dataclass(frozen=True)
class Expected:
    """A sha256 sum and who says so."""

    sha256: str
    stated_by: str


def fetch(url: str, target: Path, expected: list[Expected], settings: ComponentSettings, measure: Measure) -> str:
    """Download `url` to `target`, which appears only when it is whole and right.

    What a cut leaves is kept as `target.part` and continued, by this call and by later ones, if the server says that
    its file is still the same. A `target` that is there and right is not downloaded again. The caller holds a lock on
    the folder.

    Returns:
        The sha256 sum.

    Raises:
        ChecksumMismatch: the file is whole but differs from a sum; it is deleted.
        DownloadFailed: the server refuses, or keeps cutting the transfer.
        NoSpace: the disk is full; what was downloaded is deleted.
        Unreachable: no answer.
        Cancelled: `interrupt()` was called; what was downloaded is kept.
    """
    if target.is_file() and all(sha256_of(target) == each.sha256 for each in expected):
        return expected[0].sha256
    network.require_reachable(url, settings)
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with network.client(settings) as http:
            _fetch_part(http, url, part, measure)
        actual = sha256_of(part)
    except OSError as error:
        _discard(part)
        raise NoSpace(target.parent, error) from error
    for sum_ in expected:
        if actual != sum_.sha256:
            _discard(part)
            raise ChecksumMismatch(url, actual, sum_.sha256, sum_.stated_by)
    part.replace(target)
    _discard(part)
    return actual


def _fetch_part(http: httpx.Client, url: str, part: Path, measure: Measure) -> None:
    fruitless, cause = 0, ""
    while fruitless < FRUITLESS_ATTEMPTS:
        before = _size(part)
        try:
            _attempt(http, url, part, measure)
        except httpx.TransportError as error:
            cause = str(error) or type(error).__name__
        else:
            return
        fruitless = 0 if _size(part) > before else fruitless + 1
    raise DownloadFailed(f"{url} breaks off after {_size(part):,} bytes: {cause}", "Run it again: it goes on there.")


def _attempt(http: httpx.Client, url: str, part: Path, measure: Measure) -> None:
    """One request, for the whole file or for what is missing."""
    headers: dict[str, str] = {}
    validator = _validator(part, url)
    if validator:
        headers = {"Range": f"bytes={_size(part)}-", "If-Range": validator}
    with http.stream("GET", url, headers=headers) as response:
        start, total = _placed(response)
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or start not in (0, _size(part)):
            _discard(part)
            raise httpx.RemoteProtocolError("the server sends another range than was asked for")
        if response.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            raise DownloadFailed(f"{url} answers {response.status_code} {response.reason_phrase}".rstrip())
        if start == 0:
            _notes(part).write_text(f"{url}\n{_validator_of(response)}\n")
        with part.open("ab" if start else "wb") as file:
            _receive(response, file, total, measure)
    if total is not None and _size(part) != total:
        raise httpx.RemoteProtocolError(f"{total:,} bytes were promised")


def _receive(response: httpx.Response, file: BinaryIO, total: int | None, measure: Measure) -> None:
    had = file.tell()
    measure(had, total)
    # Raw and unbuffered, so that a cut loses nothing of what had arrived.
    for chunk in response.iter_raw():
        check()
        file.write(chunk)
        had += len(chunk)
        measure(had, total)


def _placed(response: httpx.Response) -> tuple[int, int | None]:
    """Where the body starts in the file, and the file's size."""
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if not found:
            return -1, None
        return int(found[1]), None if found[2] == "*" else int(found[2])
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _validator_of(response: httpx.Response) -> str:
    """What identifies this very file, for If-Range (RFC 9110, 13.1.5): a strong ETag or a date."""
    etag = response.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified", "")


def _validator(part: Path, url: str) -> str:
    """The validator of what an earlier attempt left; empty if it can't be continued."""
    if not _size(part):
        return ""
    try:
        source, validator = _notes(part).read_text().splitlines()
    except (OSError, ValueError):
        return ""
    return validator if source == url else ""


def _notes(part: Path) -> Path:
    return part.with_name(part.name + ".origin")


def _size(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def _discard(part: Path) -> None:
    for path in (part, _notes(part)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
