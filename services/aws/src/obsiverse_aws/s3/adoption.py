"""The files of S3's objects against the state that was saved, which is up to two seconds older after a kill.

The files are right: an object that the state does not know was put after the save, and comes back with all but its tags; one
that has no file was deleted after the save. Parts of an upload are treated the same way. What belongs to no bucket or upload is
removed, except where a newer state could not be read, which may have known it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from localstack.services.s3.models import S3Bucket, S3Multipart, S3Object, S3Part, S3Store, s3_stores
from localstack.services.s3.utils import get_unique_key_id

from obsiverse_aws.s3.object_file import PART, Cut, describe, modified
from obsiverse_aws.s3.object_store import ObjectStore

LOG = logging.getLogger(__name__)


def adopt(objects: ObjectStore, complete: bool) -> None:
    """Make state and files one.

    Args:
        complete: whether the state is all that was saved.
    """
    known: set[str] = set()
    for account, _, store in s3_stores.iter_stores():
        for name, bucket in store.buckets.items():
            known.add(name)
            store.global_bucket_map[name] = account
            objects.create_bucket(name)
            _adopt_objects(objects, store, bucket)
            for upload in bucket.multiparts.values():
                _adopt_parts(objects.upload_folder(name, upload.id), upload)
            _remove_strays(objects, bucket, complete)
        for name in [name for name in store.global_bucket_map if name not in known and _is_gone(store, name)]:
            del store.global_bucket_map[name]
    for stray in sorted(set(objects.buckets()) - known):
        if complete:
            objects.delete_bucket(stray)
        LOG.warning("bucket %s has files and is unknown; they are %s", stray, "removed" if complete else "kept")


def _is_gone(store: S3Store, bucket: str) -> bool:
    account = s3_stores.get(store.global_bucket_map[bucket])
    return account is None or all(bucket not in one.buckets for one in account.values())


def _adopt_objects(objects: ObjectStore, store: S3Store, bucket: S3Bucket) -> None:
    listed = [one for one in bucket.objects.values(with_versions=True) if isinstance(one, S3Object)]
    known = {objects.object_file(bucket.name, one): one for one in listed}
    newer = list(_newer(objects.objects_folder(bucket.name), known))
    for file, time, described in sorted(newer, key=lambda one: one[1]):
        if isinstance(described, S3Object):
            described.internal_last_modified = time
            bucket.objects.set(described.key, described)
            store.tags.delete_all_tags(get_unique_key_id(bucket.name, described.key, described.version_id or "null"))
            known[file] = described
    gone = [one for file, one in known.items() if not file.exists()]
    for one in gone:
        if bucket.versioning_status is None:
            bucket.objects.pop(one.key)
        else:
            bucket.objects.pop(one.key, one.version_id or "null")
    if newer or gone:
        LOG.info(
            "bucket %s: %d objects newer than the saved state, %d deleted since", bucket.name, len(newer), len(gone)
        )


def _adopt_parts(folder: Path, upload: S3Multipart) -> None:
    known = {folder / number: part for number, part in upload.parts.items()}
    for file, _, part in _newer(folder, known):
        if isinstance(part, S3Part):
            upload.parts[file.name] = part
    for file in known:
        if not file.exists():
            del upload.parts[file.name]


def _newer[Known: (S3Object, S3Part)](
    folder: Path, known: dict[Path, Known]
) -> Iterator[tuple[Path, int, S3Object | S3Part]]:
    """The files whose time is not that of what is known of them, with that time; removes those that are not whole."""
    for file in sorted(folder.iterdir()) if folder.is_dir() else []:
        if file.suffix == PART:
            file.unlink()
            continue
        try:
            with file.open("rb") as opened:
                one = known.get(file)
                if one is not None and getattr(one, "internal_last_modified", None) == modified(opened)[1]:
                    continue
                _, time, described = describe(opened)
                yield file, time, described
        except Cut:
            LOG.exception("%s is cut short, and removed", file)
            file.unlink()


def _remove_strays(objects: ObjectStore, bucket: S3Bucket, complete: bool) -> None:
    folder = objects.uploads_folder(bucket.name)
    for upload in folder.iterdir() if complete and folder.is_dir() else []:
        if upload.name not in bucket.multiparts:
            objects.remove_upload(bucket.name, upload.name)
