from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.components.checksums import ComponentsLock, Entry, go_release_sum, published_sum
from obsiverse.components.errors import ComponentError
from obsiverse.components.settings import Platform

LINUX = Platform("linux", "amd64")
SUMS = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,30}", fullmatch=True)


def entry(component: str, sha256: str) -> Entry:
    return Entry(component=component, version="1.0.0", os="linux", arch="amd64", file="f", sha256=sha256)


@given(st.dictionaries(NAMES, SUMS, min_size=1), st.sampled_from(["  ", " *", "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_each_file_of_a_checksum_file_has_its_own_sum(sums: dict[str, str], between: str, end: str) -> None:
    text = "".join(f"{sum_}{between}{name}{end}" for name, sum_ in sums.items())
    for name, sum_ in sums.items():
        assert published_sum(text, name) == sum_


def test_file_that_is_not_listed_has_no_sum() -> None:
    assert published_sum(f"{'a' * 64}  tool.tar.gz.sig\n", "tool.tar.gz") is None


def test_lone_sum_is_the_file_s() -> None:
    assert published_sum("B" * 64 + "\n", "tool") == "b" * 64


@given(st.text())
def test_any_other_text_has_no_sum(text: str) -> None:
    assert published_sum(text, "tool") is None or "tool" in text or len(text.strip()) == 64


def test_go_s_index_has_sums_by_file() -> None:
    index = '[{"version": "go1.2", "files": [{"filename": "go1.2.linux-amd64.tar.gz", "sha256": "abc"}]}]'
    assert go_release_sum(index, "go1.2.linux-amd64.tar.gz") == "abc"
    assert go_release_sum(index, "go1.3.linux-amd64.tar.gz") is None
    assert go_release_sum("<html>", "go1.2.linux-amd64.tar.gz") is None


def test_lock_keeps_sums_sorted_and_once(tmp_path: Path) -> None:
    lock = ComponentsLock(tmp_path / "components.lock", tmp_path / "guard")
    assert lock.sum_of("b", "1.0.0", LINUX) is None
    for each in (entry("b", "2" * 64), entry("a", "1" * 64), entry("b", "2" * 64)):
        assert lock.add(each)
    assert lock.sum_of("b", "1.0.0", LINUX) == "2" * 64
    assert lock.sum_of("b", "1.0.1", LINUX) is None
    assert lock.sum_of("b", "1.0.0", Platform("darwin", "amd64")) is None
    text = (tmp_path / "components.lock").read_text()
    assert text.index('"a"') < text.index('"b"')
    assert text.count('"component"') == 2


def test_damaged_lock_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "components.lock").write_text("{")
    with pytest.raises(ComponentError, match="can't be read"):
        ComponentsLock(tmp_path / "components.lock", tmp_path / "guard").sum_of("a", "1.0.0", LINUX)
