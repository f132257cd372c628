"""Kill -9 of the edge, and S3's objects, which are on disk before they are acknowledged."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from platform_under_test import Platform, wait_for
from test_state import edge_alone, wait_until_all_is_saved

PART = 5 * 2**20


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Platform]:
    """An edge of its own, which is killed."""
    yield from edge_alone(tmp_path_factory.mktemp("s3"), cache)


def kill(platform: Platform) -> None:
    """End the edge at once and start another."""
    platform.kill("edge")
    platform.start_edge()


def body(s3: Any, bucket: str, key: str, **more: Any) -> bytes:
    """An object's content."""
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def keys(s3: Any, bucket: str) -> list[str]:
    """The keys in a bucket."""
    return [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def files(platform: Platform, bucket: str) -> list[Path]:
    """All files of a bucket."""
    return [one for one in (platform.data / "s3" / bucket).rglob("*") if one.is_file()]


def test_object_and_its_bucket_are_there_when_the_edge_is_killed_right_after(platform: Platform) -> None:
    platform.s3.create_bucket(Bucket="fresh")
    put = platform.s3.put_object(
        Bucket="fresh", Key="a/ü b", Body=b"content", Metadata={"who": "me"}, ContentType="text/plain"
    )
    kill(platform)
    found = platform.s3.get_object(Bucket="fresh", Key="a/ü b", ChecksumMode="ENABLED")
    assert found["Body"].read() == b"content"
    assert (found["ETag"], found["ChecksumCRC32"]) == (put["ETag"], put["ChecksumCRC32"])
    assert (found["Metadata"], found["ContentType"]) == ({"who": "me"}, "text/plain")


def test_what_was_overwritten_or_deleted_right_before_the_kill_stays_so(platform: Platform) -> None:
    platform.s3.create_bucket(Bucket="changing")
    for key in ("overwritten", "deleted", "untouched"):
        platform.s3.put_object(Bucket="changing", Key=key, Body=b"old")
    wait_until_all_is_saved(platform)
    platform.s3.put_object(Bucket="changing", Key="overwritten", Body=b"much newer")
    platform.s3.delete_object(Bucket="changing", Key="deleted")
    kill(platform)
    assert keys(platform.s3, "changing") == ["overwritten", "untouched"]
    assert body(platform.s3, "changing", "overwritten") == b"much newer"
    assert body(platform.s3, "changing", "untouched") == b"old"


def test_versions_are_there(platform: Platform) -> None:
    platform.s3.create_bucket(Bucket="versioned")
    platform.s3.put_object(Bucket="versioned", Key="key", Body=b"before versions")
    platform.s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    wait_until_all_is_saved(platform)
    versions = [
        platform.s3.put_object(Bucket="versioned", Key="key", Body=str(number).encode())["VersionId"]
        for number in range(3)
    ]
    kill(platform)
    assert body(platform.s3, "versioned", "key") == b"2"
    assert [body(platform.s3, "versioned", "key", VersionId=one) for one in versions] == [b"0", b"1", b"2"]
    assert body(platform.s3, "versioned", "key", VersionId="null") == b"before versions"


def test_upload_goes_on_after_a_kill_and_its_parts_are_removed_at_its_end(platform: Platform) -> None:
    platform.s3.create_bucket(Bucket="uploads")
    upload = platform.s3.create_multipart_upload(Bucket="uploads", Key="large")["UploadId"]
    named = {"Bucket": "uploads", "Key": "large", "UploadId": upload}
    first = platform.s3.upload_part(**named, PartNumber=1, Body=b"a" * PART)["ETag"]
    wait_until_all_is_saved(platform)
    second = platform.s3.upload_part(**named, PartNumber=2, Body=b"b")["ETag"]
    kill(platform)
    parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
    platform.s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    kill(platform)
    assert body(platform.s3, "uploads", "large") == b"a" * PART + b"b"
    assert platform.s3.get_object(Bucket="uploads", Key="large", Range=f"bytes={PART}-")["Body"].read() == b"b"
    wait_for(lambda: len(files(platform, "uploads")) == 1, "the parts are gone")


def test_copy_onto_itself_keeps_the_content(platform: Platform) -> None:
    platform.upload("copies", "key", b"content")
    platform.s3.copy_object(
        Bucket="copies", Key="key", CopySource="copies/key", MetadataDirective="REPLACE", Metadata={"new": "yes"}
    )
    kill(platform)
    found = platform.s3.get_object(Bucket="copies", Key="key")
    assert (found["Body"].read(), found["Metadata"]) == (b"content", {"new": "yes"})


def test_deleted_objects_and_buckets_leave_no_file(platform: Platform) -> None:
    platform.upload("short", "key", b"content")
    assert len(files(platform, "short")) == 1
    platform.s3.delete_object(Bucket="short", Key="key")
    assert files(platform, "short") == []
    platform.s3.delete_bucket(Bucket="short")
    assert not (platform.data / "s3" / "short").exists()


def test_object_with_a_wrong_checksum_leaves_the_old_one(platform: Platform) -> None:
    platform.upload("checked", "key", b"old")
    with pytest.raises(ClientError) as caught:
        platform.s3.put_object(Bucket="checked", Key="key", Body=b"new", ChecksumCRC32="AAAAAA==")
    assert caught.value.response["Error"]["Code"] == "BadDigest"
    assert body(platform.s3, "checked", "key") == b"old"
    assert len(files(platform, "checked")) == 1


def test_unfinished_and_cut_files_and_unknown_buckets_are_removed_at_the_start(platform: Platform) -> None:
    platform.upload("tidy", "key", b"content")
    folder = platform.data / "s3" / "tidy" / "objects"
    wait_until_all_is_saved(platform)
    platform.kill("edge")
    (folder / "of-a-killed-write.part").write_bytes(b"half")
    (folder / f"{'0' * 64}.null").write_bytes(b"no end")
    stray = platform.data / "s3" / "stray" / "objects"
    stray.mkdir(parents=True)
    (stray / "file").write_bytes(b"of no bucket")
    platform.start_edge()
    assert body(platform.s3, "tidy", "key") == b"content"
    assert len(files(platform, "tidy")) == 1
    assert not stray.exists()
    assert "bucket stray has files and is unknown" in platform.log("edge")


def test_one_of_many_writers_who_want_no_object_there_gets_it(platform: Platform) -> None:
    platform.s3.create_bucket(Bucket="race")

    def put(number: int) -> bool:
        try:
            platform.client("s3").put_object(Bucket="race", Key="key", Body=str(number).encode(), IfNoneMatch="*")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "PreconditionFailed"
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [number for number, one in enumerate(pool.map(put, range(8))) if one]
    assert len(won) == 1
    assert body(platform.s3, "race", "key") == str(won[0]).encode()


def test_reader_gets_one_whole_version_while_others_write(platform: Platform) -> None:
    platform.upload("busy", "key", b"0" * 1000)

    def put(number: int) -> None:
        platform.client("s3").put_object(Bucket="busy", Key="key", Body=str(number % 10).encode() * (1000 + number))

    def read_until(done: threading.Event) -> int:
        s3, count = platform.client("s3"), 0
        while not done.is_set():
            found = s3.get_object(Bucket="busy", Key="key")
            content = found["Body"].read()
            assert found["ETag"] == f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
            count += 1
        return count

    done = threading.Event()
    with ThreadPoolExecutor(4) as writers, ThreadPoolExecutor(4) as readers:
        reads = [readers.submit(read_until, done) for _ in range(4)]
        try:
            list(writers.map(put, range(200)))
        finally:
            done.set()
        assert sum(one.result() for one in reads) > 0
    assert len(files(platform, "busy")) == 1
