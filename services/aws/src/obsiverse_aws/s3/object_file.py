"""A file that holds an object of S3, or a part of one: its content, then what S3 knows of it.

The description goes into the same file so that both reach the disk at once: an object that was acknowledged is whole after a
kill, though LocalStack's own state was saved before it came. It ends with LENGTHS: the size of the description and the
object's time in nanoseconds.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import struct
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from localstack.services.s3.constants import S3_CHUNK_SIZE
from localstack.services.s3.models import S3Object, S3Part
from localstack.services.s3.storage.core import S3StoredObject
from localstack.services.s3.utils import get_s3_checksum

from obsiverse_aws.state import pickling
from obsiverse_aws.state.files import sync_folder

LENGTHS = struct.Struct(">QQ8s")
MAGIC = b"obsi-s3\n"
PART = ".part"
"""What a file's name ends with until it is whole."""


class Cut(Exception):
    """A file does not end as an object's does."""


def describe(file: IO[bytes]) -> tuple[int, int, S3Object | S3Part]:
    """The size of an object's content, its time and S3's description, from an open file.

    Raises Cut.
    """
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - LENGTHS.size))
    tail = file.read()
    if len(tail) < LENGTHS.size or tail[-len(MAGIC) :] != MAGIC:
        raise Cut(f"{file.name} has no end")
    described, modified, _ = LENGTHS.unpack(tail)
    size = length - LENGTHS.size - described
    file.seek(size)
    return size, modified, pickling.loads(file.read(described))


def modified(file: IO[bytes]) -> tuple[int, int]:
    """The size of an object's content and its time, from an open file; without its description, so fast."""
    length = file.seek(0, os.SEEK_END)
    file.seek(length - LENGTHS.size)
    described, time_, _ = LENGTHS.unpack(file.read())
    return length - LENGTHS.size - described, time_


class StoredFile(S3StoredObject):
    """What reading and writing have in common.

    Attributes:
        s3_object: S3's description, which a write completes.
    """

    def __init__(self, s3_object: S3Object | S3Part, file: IO[bytes], size: int, time_: int) -> None:
        super().__init__(s3_object)  # pyright: ignore[reportArgumentType] - takes parts too, though it does not say so
        self._file = file
        self._position = 0
        self._time = time_
        self._etag: str | None = None
        self._checksum: Any = None
        self.size = size

    def read(self, s: int | None = -1) -> bytes:
        """At most so many bytes from where the last read ended."""
        left = self.size - self._position
        wanted = left if s is None or s < 0 else min(s, left)
        if wanted <= 0:
            return b""
        data = os.pread(self._file.fileno(), wanted, self._position)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go on reading from there."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = origin + offset
        return self._position

    def write(self, s: Any) -> int:
        """Refused; see Writing."""
        raise io.UnsupportedOperation("opened for reading")

    def append(self, part: Any) -> int:
        """Refused; see Writing."""
        raise io.UnsupportedOperation("opened for reading")

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
        self.closed = True

    @property
    def last_modified(self) -> int:
        """When it was written; nanoseconds."""
        return self._time

    @property
    def checksum(self) -> str | None:
        """Of the object's own algorithm, in base64."""
        algorithm = self.s3_object.checksum_algorithm
        if not algorithm:
            return None
        if self._checksum is None:
            self._checksum = get_s3_checksum(algorithm)
            self._pass(self._checksum.update)
        return base64.b64encode(self._checksum.digest()).decode()

    @property
    def etag(self) -> str:
        """MD5 of the content, in hexadecimal."""
        if self._etag is None:
            digest = hashlib.md5(usedforsecurity=False)
            self._pass(digest.update)
            self._etag = digest.hexdigest()
        return self._etag

    def _pass(self, use: Callable[[bytes], None]) -> None:
        position, self._position = self._position, 0
        for data in self:
            use(data)
        self._position = position

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(S3_CHUNK_SIZE):
            yield data


class Writing(StoredFile):
    """A file being written. Leaving its block puts it in place, on disk; leaving it by an exception leaves what was there.

    Args:
        finish: is called to put the part file in place.
        release: is called at the end, come what may.
    """

    def __init__(
        self,
        s3_object: S3Object | S3Part,
        target: Path,
        finish: Callable[[Path], None],
        release: Callable[[], None],
    ) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self._part = target.with_name(f"{uuid.uuid4().hex}{PART}")
        super().__init__(s3_object, self._part.open("x+b", buffering=0), 0, 0)
        self._finish, self._release = finish, release
        self.finished = threading.Event()
        self.thread = threading.get_ident()

    def truncate(self, size: int | None = None) -> int:
        """Cut it off there, or where the last read ended."""
        self.size = self._file.truncate(self._position if size is None else size)
        return self.size

    def write(self, s: Any) -> int:
        """Replace its content by what a stream has; the number of bytes."""
        self.truncate(0)
        algorithm = self.s3_object.checksum_algorithm
        checksum = get_s3_checksum(algorithm) if algorithm else None
        digest = hashlib.md5(usedforsecurity=False)
        stream: Any = s if s is not None else io.BytesIO()
        while data := stream.read(S3_CHUNK_SIZE):
            self._add(data)
            digest.update(data)
            if checksum is not None:
                checksum.update(data)
        # A stream in chunks names its checksum's algorithm after its last one.
        self._checksum = checksum if self.s3_object.checksum_algorithm == algorithm else None
        self._etag = self.s3_object.etag = digest.hexdigest()
        self._note()
        self._position = 0
        return self.size

    def append(self, part: Any) -> int:
        """Add what a part has; the number of bytes."""
        before = self.size
        while data := part.read(S3_CHUNK_SIZE):
            self._add(data)
        self._etag = self._checksum = None
        self._note()
        return self.size - before

    def close(self) -> None:
        """Put it in place."""
        if self.closed:
            return
        try:
            description = pickling.dumps(self.s3_object)
            self._time = self.s3_object.internal_last_modified
            self._file.seek(self.size)
            self._file.write(description + LENGTHS.pack(len(description), self._time, MAGIC))
            os.fsync(self._file.fileno())
            self._finish(self._part)
            sync_folder(self._part.parent)
        finally:
            self.discard()

    def discard(self) -> None:
        """Leave what was there. Does nothing where it is closed."""
        if not self.closed:
            super().close()
            self._part.unlink(missing_ok=True)
            self.finished.set()
            self._release()

    def __exit__(self, *raised: Any) -> None:
        if raised[0] is None:
            self.close()
        else:
            self.discard()

    def _add(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._file.fileno(), view, self.size)
            self.size, view = self.size + written, view[written:]

    def _note(self) -> None:
        self.s3_object.size = self.size
        self._time = self.s3_object.internal_last_modified = time.time_ns()


def open_file(s3_object: S3Object | S3Part, file: Path) -> StoredFile:
    """An object's file, to be read.

    Raises FileNotFoundError.
    """
    opened = file.open("rb", buffering=0)
    size, time_ = modified(opened)
    return StoredFile(s3_object, opened, size, time_)
