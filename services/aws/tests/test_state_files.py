"""Files of state that are whole or are not read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from obsiverse_aws.state import files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that was saved twice."""
    file = tmp_path / "service" / "stores.000000000000.state"
    files.write(file, b"first")
    files.write(file, b"second")
    return file


def test_content_and_the_one_before_it_are_read(file: Path) -> None:
    assert [files.read(one) for one in files.generations(file)] == [b"second", b"first"]


def test_file_cut_short_anywhere_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(files.Damaged):
            files.read(file)


def test_any_altered_byte_is_noticed(file: Path) -> None:
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(files.Damaged):
            files.read(file)


def test_write_that_fails_leaves_both_generations(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device", descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        files.write(file, b"third")
    assert [files.read(one) for one in files.generations(file)] == [b"second", b"first"]


def test_damaged_file_set_aside_is_no_generation(file: Path) -> None:
    files.set_aside(file)
    assert [files.read(one) for one in files.generations(file)] == [b"first"]
    files.write(file, b"third")
    assert [files.read(one) for one in files.generations(file)] == [b"third", b"first"]
