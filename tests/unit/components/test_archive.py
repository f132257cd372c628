from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from obsiverse.components.archive import extract_programs, extract_tree
from obsiverse.components.errors import DownloadFailed

from .conftest import tarball


def write(folder: Path, body: bytes) -> Path:
    path = folder / "a.tar.gz"
    path.write_bytes(body)
    return path


def special(name: str, kind: bytes, link: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        tar.addfile(info)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "into"
    path.mkdir()
    return path


def test_only_the_wanted_program_is_written(tmp_path: Path, folder: Path) -> None:
    body = tarball({"../../escaped": b"no", "/etc/absolute": b"no", "t/LICENSE": b"no", "./t/tool": b"yes"})
    extract_programs(write(tmp_path, body), {"tool": "t/tool"}, folder)
    assert [path.name for path in folder.iterdir()] == ["tool"]
    assert (folder / "tool").read_bytes() == b"yes"
    assert (folder / "tool").stat().st_mode & 0o777 == 0o755
    assert not (tmp_path.parent / "escaped").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_what_is_no_file_is_refused_in_a_program_s_place(tmp_path: Path, folder: Path, kind: bytes) -> None:
    with pytest.raises(DownloadFailed):
        extract_programs(write(tmp_path, special("t/tool", kind, "/bin/sh")), {"tool": "t/tool"}, folder)
    assert list(folder.iterdir()) == []


def test_missing_program_is_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DownloadFailed, match="t/tool"):
        extract_programs(write(tmp_path, tarball({"t/other": b""})), {"tool": "t/tool"}, folder)


@pytest.mark.parametrize(
    "body",
    [b"", b"not an archive", tarball({"t/tool": b"x" * 100_000})[:50_000]],
    ids=["empty", "text", "cut"],
)
def test_broken_archive_is_an_error(tmp_path: Path, folder: Path, body: bytes) -> None:
    with pytest.raises(DownloadFailed):
        extract_programs(write(tmp_path, body), {"tool": "t/tool"}, folder)


@pytest.mark.parametrize(
    "body",
    [
        tarball({"../escaped": b"no"}),
        special("link", tarfile.SYMTYPE, "../../escaped"),
        special("link", tarfile.SYMTYPE, "/etc/passwd"),
        special("device", tarfile.CHRTYPE),
    ],
    ids=["file above", "link above", "absolute link", "device"],
)
def test_tree_that_leads_outside_is_refused(tmp_path: Path, folder: Path, body: bytes) -> None:
    with pytest.raises(DownloadFailed):
        extract_tree(write(tmp_path, body), folder)
    assert not (tmp_path / "escaped").exists()
