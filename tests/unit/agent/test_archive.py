"""Archives: nothing gets out of a task's folder, and what goes in comes out."""

from __future__ import annotations

import io
import os
import tarfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.agent import archive
from obsiverse.agent.errors import InvalidSpec, NotFound

parts = st.sampled_from(["..", ".", "a", "b", "", "a b", "ä", "...", "~"])
paths = st.lists(parts, min_size=1, max_size=5).flatmap(
    lambda chosen: st.sampled_from(["/".join(chosen), "/" + "/".join(chosen)])
)


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    file.seek(0)
    return file


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = link
    return info


def everything_under(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@given(path=paths, name=paths)
def test_no_path_and_no_entry_gets_out_of_the_root(path: str, name: str) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "task" / "root"
        root.mkdir(parents=True)
        with suppress(InvalidSpec):
            archive.unpack(root, path, tar_of((entry(name), b"x")))
        outside = everything_under(Path(folder)) - everything_under(root) - {root, root.parent}
        assert not outside


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused_and_nothing_is_written(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(InvalidSpec, match="evil"):
        archive.unpack(tmp_path, "/opt", tar_of((entry("good"), b"x"), (entry("evil", kind, "/etc/passwd"), b"")))
    assert not everything_under(tmp_path)


def test_a_link_that_a_task_made_is_no_way_out(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    for path, name in (("/link", "f"), ("/", "link/f")):
        with pytest.raises(InvalidSpec):
            archive.unpack(root, path, tar_of((entry(name), b"x")))
    with pytest.raises(InvalidSpec):
        archive.pack(root, "/link", io.BytesIO())
    assert not everything_under(outside)


def test_a_folder_comes_out_as_it_went_in(tmp_path: Path) -> None:
    archive.unpack(
        tmp_path, "/opt/ml", tar_of((entry("model/w.bin"), b"\0" * 5000), (entry("model/empty", tarfile.DIRTYPE), b""))
    )
    packed = io.BytesIO()
    archive.pack(tmp_path, "/opt/ml/model", packed)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as tar:
        assert sorted(tar.getnames()) == ["empty", "w.bin"]
        file = tar.extractfile("w.bin")
        assert file is not None
        assert file.read() == b"\0" * 5000


def test_one_file_comes_out_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    packed = io.BytesIO()
    archive.pack(tmp_path, "/report.json", packed)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as tar:
        assert tar.getnames() == ["report.json"]


def test_a_link_inside_goes_out_as_its_file_and_one_to_the_outside_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_text("inside")
    (root / "link").symlink_to("file")
    packed = io.BytesIO()
    archive.pack(root, "/", packed)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as tar:
        assert tar.getmember("link").isreg()
    (root / "out").symlink_to("/etc/passwd")
    with pytest.raises(InvalidSpec, match="out"):
        archive.pack(root, "/", io.BytesIO())


def test_a_device_in_the_folder_is_refused_without_being_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidSpec, match="pipe"):
        archive.pack(tmp_path, "/", io.BytesIO())


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="/opt/ml"):
        archive.pack(tmp_path, "/opt/ml", io.BytesIO())


@pytest.mark.parametrize("data", [b"", b"not a tar", b"\x1f\x8b\x08garbage", b"x" * 600])
def test_what_is_no_tar_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InvalidSpec):
        archive.unpack(tmp_path, "/", io.BytesIO(data))


@given(data=st.binary(max_size=2000), cut=st.integers(0, 4000))
def test_a_damaged_tar_is_refused_or_read_never_worse(data: bytes, cut: int) -> None:
    whole = tar_of((entry("f"), data)).getvalue()
    with TemporaryDirectory() as folder, suppress(InvalidSpec):
        archive.unpack(Path(folder), "/", io.BytesIO(whole[:cut]))
