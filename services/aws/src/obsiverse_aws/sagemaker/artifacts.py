"""Objects of S3 that go into tasks and come out of them."""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import ClientError

BLOCK = 1 << 20
_URI = re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<key>.*)")


class ArtifactError(Exception):
    """An object can't be read or written; the message is S3's or says what is wrong with it."""


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI.

    Raises ArtifactError where it is none.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        raise ArtifactError(f"{uri} is no S3 URI; write s3://bucket/key")
    return match["bucket"], match["key"]


def objects(s3: Any, uri: str) -> Iterator[tuple[str, int]]:
    """Key and size of each object under a prefix, without those that stand for folders.

    Raises ArtifactError.
    """
    bucket, prefix = split(uri)
    try:
        for found in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for one in found.get("Contents", []):
                if not one["Key"].endswith("/"):
                    yield one["Key"], one["Size"]
    except ClientError as error:
        raise ArtifactError(error.response["Error"]["Message"]) from error


@contextmanager
def input_tar(s3: Any, files: Mapping[str, object], channels: Mapping[str, str]) -> Generator[IO[bytes]]:
    """A tar of a training task's /opt/ml/input, to be read while the block lasts.

    Args:
        files: path to what it holds as JSON.
        channels: name to the URI of a prefix, whose objects become data/<channel>/….

    Raises ArtifactError.
    """
    with tempfile.TemporaryFile() as spool:
        with tarfile.open(fileobj=spool, mode="w") as tar:
            for path, value in files.items():
                content = json.dumps(value).encode()
                _add(tar, path, io.BytesIO(content), len(content))
            for name, uri in channels.items():
                _add_channel(tar, name, s3, uri)
        spool.seek(0)
        yield spool


def _add_channel(tar: tarfile.TarFile, name: str, s3: Any, uri: str) -> None:
    bucket, prefix = split(uri)
    for key, size in objects(s3, uri):
        try:
            body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        except ClientError as error:
            raise ArtifactError(error.response["Error"]["Message"]) from error
        _add(tar, f"data/{name}/{path_below(prefix, key)}", body, size)


def _add(tar: tarfile.TarFile, path: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(path)
    member.size, member.mode = size, 0o644
    tar.addfile(member, content)


def path_below(prefix: str, key: str) -> str:
    """A key without its prefix; where that ends within a name, the whole name stays."""
    folder = f"{prefix}/" if prefix and not prefix.endswith("/") else prefix
    if not key.startswith(folder):
        folder = prefix[: prefix.rfind("/") + 1]
    return key[len(folder) :]


def upload_tar_gz(s3: Any, tar: IO[bytes], uri: str) -> None:
    """Compress a tar and put it at an S3 URI.

    Raises ArtifactError.
    """
    bucket, key = split(uri)
    with tempfile.TemporaryFile() as spool:
        with gzip.open(spool, "wb", compresslevel=1) as packed:
            shutil.copyfileobj(tar, packed, BLOCK)
        spool.seek(0)
        try:
            s3.upload_fileobj(spool, bucket, key)
        except ClientError as error:
            raise ArtifactError(error.response["Error"]["Message"]) from error


def _pack(s3: Any, uri: str, file: Path) -> None:
    """Pack what is below a prefix into a tar.gz; raises ArtifactError, also where nothing is there."""
    bucket, prefix = split(uri)
    found = list(objects(s3, uri))
    if not found:
        raise ArtifactError(f"there is no object under {uri}")
    with tarfile.open(file, "w:gz", compresslevel=1) as tar:
        for key, size in found:
            _add(tar, path_below(prefix, key), s3.get_object(Bucket=bucket, Key=key)["Body"], size)


def file_members(tar: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in a tar that is read once."""
    with tarfile.open(fileobj=tar, mode="r|") as opened:
        for member in opened:
            if (content := opened.extractfile(member)) is not None:
                yield member.name, content.read()


class ModelArchives:
    """Copies of model data, one a deployment: an instance is replaced with what the endpoint was deployed with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def fetch(self, s3: Any, uri: str, name: str) -> None:
        """Get a tar.gz from S3 under a name unless it is there; of a URI that ends with a slash, all that is below it.

        Raises ArtifactError with AWS's message.
        """
        file = self._folder / name
        if file.exists():
            return
        part = file.with_suffix(".part")
        try:
            if uri.endswith("/"):
                _pack(s3, uri, part)
            else:
                bucket, key = split(uri)
                with part.open("wb") as target:
                    shutil.copyfileobj(s3.get_object(Bucket=bucket, Key=key)["Body"], target, BLOCK)
        except (ClientError, ArtifactError) as error:
            raise ArtifactError(
                f'Failed to download model data for container "container_1" from URL: "{uri}". Please ensure that there '
                "is an object located at the URL and that the role passed to CreateModel has permissions to download the object."
            ) from error
        part.replace(file)

    @contextmanager
    def open(self, name: str, uri: str) -> Generator[IO[bytes]]:
        """The tar of a copy, to be read while the block lasts.

        Raises ArtifactError where it is no tar.gz.
        """
        with tempfile.TemporaryFile() as spool:
            try:
                with gzip.open(self._folder / name) as packed:
                    shutil.copyfileobj(packed, spool, BLOCK)
                spool.seek(0)
                tarfile.open(fileobj=spool, mode="r:").close()
            except (OSError, EOFError, zlib.error, tarfile.ReadError) as error:
                raise ArtifactError(
                    f'Failed to extract model data archive from URL "{uri}". Please ensure that the object located at '
                    f"the URL is a valid tar.gz archive. ({error})"
                ) from error
            spool.seek(0)
            yield spool

    def keep_only(self, names: set[str]) -> None:
        """Delete all other copies."""
        for file in self._folder.iterdir():
            if file.name not in names:
                file.unlink(missing_ok=True)

    def drop(self, names: Iterable[str]) -> None:
        """Delete copies."""
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
