from __future__ import annotations

import hashlib
import os
import resource
from pathlib import Path

import pytest

from obsiverse.components import interrupt
from obsiverse.components.download import Expected, fetch
from obsiverse.components.errors import Cancelled, ChecksumMismatch, DownloadFailed, NoSpace, Unreachable
from obsiverse.components.settings import ComponentSettings

from .conftest import Publisher

BODY = os.urandom(1_000_000)
SUM = hashlib.sha256(BODY).hexdigest()
EXPECTED = [Expected(SUM, "the test")]


def ignore(_had: int, _total: int | None) -> None:
    pass


@pytest.fixture
def url(publisher: Publisher) -> str:
    publisher.files["/file"] = BODY
    return f"{publisher.url}/file"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "file"


def leftovers(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def test_file_is_there_whole_and_alone(url: str, target: Path, settings: ComponentSettings) -> None:
    seen: list[tuple[int, int | None]] = []
    assert fetch(url, target, EXPECTED, settings, lambda had, total: seen.append((had, total))) == SUM
    assert target.read_bytes() == BODY
    assert leftovers(target) == ["file"]
    assert seen[-1] == (len(BODY), len(BODY))


def test_wrong_sum_names_both_and_leaves_nothing(url: str, target: Path, settings: ComponentSettings) -> None:
    with pytest.raises(ChecksumMismatch) as caught:
        fetch(url, target, [Expected("a" * 64, "sums.txt")], settings, ignore)
    assert SUM in caught.value.message
    assert "a" * 64 in caught.value.message
    assert "sums.txt" in caught.value.message
    assert leftovers(target) == []


def test_cut_download_goes_on_where_it_stopped(
    publisher: Publisher, url: str, target: Path, settings: ComponentSettings
) -> None:
    publisher.cuts = [300_000, 200_000]
    fetch(url, target, EXPECTED, settings, ignore)
    assert target.read_bytes() == BODY
    assert publisher.served["/file"] == len(BODY)
    assert [asked for _, _, asked in publisher.requests] == ["", "bytes=300000-", "bytes=500000-"]


def test_later_call_goes_on_where_an_earlier_one_gave_up(
    publisher: Publisher, url: str, target: Path, settings: ComponentSettings
) -> None:
    publisher.cuts = [400_000, 0, 0, 0]
    with pytest.raises(DownloadFailed, match="400,000 bytes"):
        fetch(url, target, EXPECTED, settings, ignore)
    assert not target.exists()
    fetch(url, target, EXPECTED, settings, ignore)
    assert target.read_bytes() == BODY
    assert publisher.served["/file"] == len(BODY)


def test_server_without_ranges_sends_all_again(
    publisher: Publisher, url: str, target: Path, settings: ComponentSettings
) -> None:
    publisher.ranges = False
    publisher.cuts = [300_000]
    fetch(url, target, EXPECTED, settings, ignore)
    assert target.read_bytes() == BODY
    assert publisher.served["/file"] == len(BODY) + 300_000


def test_file_that_changed_meanwhile_is_not_mixed(
    publisher: Publisher, url: str, target: Path, settings: ComponentSettings
) -> None:
    publisher.files["/file"] = b"x" * len(BODY)
    publisher.cuts = [300_000, 0, 0, 0]
    with pytest.raises(DownloadFailed):
        fetch(url, target, EXPECTED, settings, ignore)
    publisher.files["/file"] = BODY
    fetch(url, target, EXPECTED, settings, ignore)
    assert target.read_bytes() == BODY


def test_weak_etag_is_not_trusted_to_resume(
    publisher: Publisher, url: str, target: Path, settings: ComponentSettings
) -> None:
    publisher.etags["/file"] = 'W/"1"'
    publisher.cuts = [300_000]
    fetch(url, target, EXPECTED, settings, ignore)
    assert [asked for _, _, asked in publisher.requests] == ["", ""]


def test_server_that_always_cuts_ends_in_an_error(
    publisher: Publisher, url: str, target: Path, settings: ComponentSettings
) -> None:
    publisher.cuts = [0] * 10
    with pytest.raises(DownloadFailed, match="breaks off after 0 bytes"):
        fetch(url, target, EXPECTED, settings, ignore)
    assert not target.exists()


def test_missing_file_is_told_with_its_status(
    publisher: Publisher, url: str, target: Path, settings: ComponentSettings
) -> None:
    with pytest.raises(DownloadFailed, match="answers 404"):
        fetch(f"{publisher.url}/other", target, EXPECTED, settings, ignore)


def test_full_disk_is_told_and_frees_what_was_written(url: str, target: Path, settings: ComponentSettings) -> None:
    # A limit on file sizes fails a write as a full disk does.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(NoSpace, match="downloads"):
            fetch(url, target, EXPECTED, settings, ignore)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert leftovers(target) == []


def test_interrupt_stops_a_download_and_keeps_what_is_there(
    publisher: Publisher, url: str, target: Path, settings: ComponentSettings
) -> None:
    def stop(had: int, _total: int | None) -> None:
        if had:
            interrupt()

    with pytest.raises(Cancelled):
        fetch(url, target, EXPECTED, settings, stop)
    assert not target.exists()
    assert (target.parent / "file.part").stat().st_size > 0


def test_right_file_that_is_there_is_not_downloaded_again(
    publisher: Publisher, url: str, target: Path, settings: ComponentSettings
) -> None:
    fetch(url, target, EXPECTED, settings, ignore)
    fetch(url, target, EXPECTED, settings, ignore)
    assert len(publisher.requests) == 1


def test_closed_port_is_unreachable(target: Path, settings: ComponentSettings) -> None:
    with pytest.raises(Unreachable, match="can't be reached"):
        fetch("http://127.0.0.1:9/file", target, EXPECTED, settings, ignore)
