"""What goes into tasks and comes out of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_aws.sagemaker.artifacts import ArtifactError, ModelArchives, path_below, split

NAMES = st.text("ab.-", min_size=1, max_size=4)
KEYS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("prefix", "key", "path"),
    [
        ("data/train", "data/train/a/b.csv", "a/b.csv"),
        ("data/train/", "data/train/b.csv", "b.csv"),
        ("data/train.csv", "data/train.csv", "train.csv"),
        ("data/tr", "data/train.csv", "train.csv"),
        ("", "data/train.csv", "data/train.csv"),
    ],
)
def test_path_in_a_channel_is_what_the_prefix_leaves(prefix: str, key: str, path: str) -> None:
    assert path_below(prefix, key) == path


@given(KEYS, st.data())
def test_path_in_a_channel_is_whole_names_at_the_end_of_the_key(key: str, data: st.DataObject) -> None:
    prefix = key[: data.draw(st.integers(0, len(key) - 1))]
    path = path_below(prefix, key)
    assert path
    assert key == path or key.endswith(f"/{path}")


@pytest.mark.parametrize("uri", ["", "s3://", "https://bucket/key", "bucket/key"])
def test_other_uris_are_refused(uri: str) -> None:
    with pytest.raises(ArtifactError, match="no S3 URI"):
        split(uri)


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(b"whole" * 100)[:-9], gzip.compress(b"text")])
def test_archive_that_is_broken_is_reported(tmp_path: Path, content: bytes) -> None:
    archives = ModelArchives(tmp_path)
    (tmp_path / "copy").write_bytes(content)
    with pytest.raises(ArtifactError, match='from URL "s3://b/k"'), archives.open("copy", "s3://b/k"):
        pass


def test_copies_without_an_endpoint_are_deleted(tmp_path: Path) -> None:
    for name in ("kept", "left"):
        (tmp_path / name).touch()
    ModelArchives(tmp_path).keep_only({"kept"})
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]
