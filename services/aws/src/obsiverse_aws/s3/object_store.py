"""S3's objects in a folder: BUCKET/objects/HASH.VERSION, and the parts of uploads in BUCKET/uploads/ID/NUMBER.

A file has the hash of its object's key as a name, since a key may be longer than a file's name and hold what that can't.
Who reads has a file open that no one changes, since another version of it comes by a rename; so only writers of one object
take turns.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from localstack.aws.api.s3 import NoSuchKey
from localstack.services.s3.models import S3Multipart, S3Object, S3Part
from localstack.services.s3.storage.core import LimitedStream, S3ObjectStore, S3StoredMultipart
from localstack.services.s3.utils import ObjectRange

from obsiverse_aws.s3.object_file import StoredFile, Writing, open_file

OBJECTS, UPLOADS, GONE = "objects", "uploads", ".gone"


class ObjectStore(S3ObjectStore):
    """All buckets' objects."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.root_directory = str(folder)
        self._guard = threading.Lock()
        # A turn is there for as long as someone writes or waits.
        self._turns: WeakValueDictionary[Path, Any] = WeakValueDictionary()
        self._writing: dict[Path, Writing] = {}

    def open(self, bucket: str, s3_object: S3Object, mode: str = "r") -> StoredFile:
        """An object to be read ("r") or written ("w").

        Raises NoSuchKey where another deletes it meanwhile.
        """
        file = self.object_file(bucket, s3_object)
        return self._write(file, s3_object) if mode == "w" else self._read(file, s3_object)

    def _read(self, file: Path, s3_object: S3Object) -> StoredFile:
        writing = self._writing.get(file)
        if writing is not None and writing.s3_object is s3_object:
            # S3 lists an object a moment before its file is in place.
            writing.finished.wait()
        try:
            return open_file(s3_object, file)
        except FileNotFoundError:
            raise NoSuchKey("The specified key does not exist.", Key=s3_object.key) from None

    def _write(self, file: Path, s3_object: S3Object) -> Writing:
        with self._guard:
            turn = self._turns.setdefault(file, threading.RLock())
        turn.acquire()

        def finish(part: Path) -> None:
            with self._guard:
                part.replace(file)

        def release() -> None:
            with self._guard:
                self._writing.pop(file, None)
            turn.release()

        try:
            writing = Writing(s3_object, file, finish, release)
        except BaseException:
            turn.release()
            raise
        with self._guard:
            self._writing[file] = writing
        return writing

    def remove(self, bucket: str, s3_object: S3Object | list[S3Object]) -> None:
        """Remove objects. One being written is not put in place, and one that another has replaced stays."""
        for one in s3_object if isinstance(s3_object, list) else [s3_object]:
            file = self.object_file(bucket, one)
            writing = self._writing.get(file)
            if writing is not None and writing.s3_object is one:
                if writing.thread == threading.get_ident():
                    writing.discard()
                    continue
                writing.finished.wait()
            with self._guard, suppress(FileNotFoundError), open_file(one, file) as stored:
                if stored.last_modified == one.internal_last_modified:
                    file.unlink()

    def copy(
        self,
        src_bucket: str,
        src_object: S3Object,
        dest_bucket: str,
        dest_object: S3Object,
    ) -> StoredFile:
        """A copy being written; onto itself too, since its description changes."""
        with self.open(src_bucket, src_object) as source:
            copy = self.open(dest_bucket, dest_object, "w")
            try:
                copy.write(source)
            except BaseException:
                copy.__exit__(Exception)
                raise
        return copy

    def get_multipart(self, bucket: str, upload_id: S3Multipart) -> Upload:
        """The parts of an upload."""
        return Upload(self, bucket, upload_id, self.upload_folder(bucket, upload_id.id))

    def remove_multipart(self, bucket: str, s3_multipart: S3Multipart) -> None:
        """Remove the parts of an upload."""
        self.remove_upload(bucket, s3_multipart.id)

    def remove_upload(self, bucket: str, upload: str) -> None:
        """Remove the parts of an upload by its id."""
        self._clear(self.upload_folder(bucket, upload))

    def create_bucket(self, bucket: str) -> None:
        """Make a bucket's folder."""
        self.objects_folder(bucket).mkdir(parents=True, exist_ok=True)

    def delete_bucket(self, bucket: str) -> None:
        """Remove all that is in a bucket."""
        self._clear(self._folder / bucket)

    def reset(self) -> None:
        """Remove all that is in any bucket."""
        for bucket in self.buckets():
            self.delete_bucket(bucket)

    def clear_away(self) -> None:
        """Remove what an earlier process was about to."""
        shutil.rmtree(self._folder / GONE, ignore_errors=True)

    def buckets(self) -> list[str]:
        """The buckets that have a folder."""
        if not self._folder.is_dir():
            return []
        return [one.name for one in self._folder.iterdir() if one.is_dir() and one.name != GONE]

    def object_file(self, bucket: str, s3_object: S3Object) -> Path:
        """Where an object is."""
        name = hashlib.sha256(s3_object.key.encode()).hexdigest()
        return self.objects_folder(bucket) / f"{name}.{s3_object.version_id or 'null'}"

    def upload_folder(self, bucket: str, upload: str) -> Path:
        """Where the parts of an upload are."""
        return self.uploads_folder(bucket) / upload

    def objects_folder(self, bucket: str) -> Path:
        """Where a bucket's objects are."""
        return self._folder / bucket / OBJECTS

    def uploads_folder(self, bucket: str) -> Path:
        """Where a bucket's uploads are."""
        return self._folder / bucket / UPLOADS

    def _clear(self, folder: Path) -> None:
        # A rename is at once, and what is left to do can be done by the next process too.
        gone = self._folder / GONE / uuid.uuid4().hex
        gone.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            folder.replace(gone)
            threading.Thread(target=shutil.rmtree, args=(gone, True), name="s3-remove", daemon=True).start()


class Upload(S3StoredMultipart):
    """The parts of an upload, each a file."""

    def __init__(self, store: ObjectStore, bucket: str, s3_multipart: S3Multipart, folder: Path) -> None:
        super().__init__(store, bucket, s3_multipart)
        self._store, self._folder = store, folder

    def open(self, s3_part: S3Part, mode: str = "r") -> StoredFile:
        """A part to be read ("r") or written ("w")."""
        file = self._folder / str(s3_part.part_number)
        if mode == "r":
            return open_file(s3_part, file)

        def finish(part: Path) -> None:
            part.replace(file)

        return Writing(s3_part, file, finish, lambda: None)

    def remove_part(self, s3_part: S3Part) -> None:
        """Remove a part."""
        (self._folder / str(s3_part.part_number)).unlink(missing_ok=True)

    def complete_multipart(self, parts: list[Any]) -> None:
        """Make the upload's object of its parts."""
        with self._store.open(self.bucket, self.s3_multipart.object, "w") as whole:
            for part in parts:
                with self.open(part) as stored:
                    whole.append(stored)

    def close(self) -> None:
        """Remove all parts."""
        self._store.remove_multipart(self.bucket, self.s3_multipart)

    def copy_from_object(
        self, s3_part: S3Part, src_bucket: str, src_s3_object: S3Object, range_data: ObjectRange | None
    ) -> None:
        """Make a part of an object, or of a range of it."""
        with self._store.open(src_bucket, src_s3_object) as source, self.open(s3_part, "w") as part:
            part.write(LimitedStream(source, range_data=range_data) if range_data else source)
            if s3_part.checksum_algorithm:
                s3_part.checksum_value = part.checksum
