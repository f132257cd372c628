"""LocalStack's S3 with objects that stay."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, handler
from localstack.aws.api.s3 import CreateBucketOutput, CreateBucketRequest, GetObjectOutput, GetObjectRequest
from localstack.services.s3.provider import S3Provider

from obsiverse_aws.s3.adoption import adopt
from obsiverse_aws.s3.object_file import StoredFile
from obsiverse_aws.s3.object_store import ObjectStore

LOOKS, PAUSE_SECONDS = 100, 0.005
"""How often an object that others keep writing is looked up to be read, and how far apart."""


class LastingS3(S3Provider):
    """S3 whose objects are files.

    Args:
        save: saves an account's state of S3.
    """

    def __init__(self, objects: ObjectStore, save: Callable[[str], None]) -> None:
        super().__init__(objects)
        self._objects, self._save = objects, save

    @handler("CreateBucket", expand=False)
    def create_bucket(self, context: RequestContext, request: CreateBucketRequest) -> CreateBucketOutput:
        """Make a bucket, and save it before the answer: an object that is put into it at once has to be of some bucket."""
        created = super().create_bucket(context, request)
        self._save(context.account_id)
        return created

    @handler("GetObject", expand=False)
    def get_object(self, context: RequestContext, request: GetObjectRequest) -> GetObjectOutput:
        """An object as one write left it.

        LocalStack looks the object up before it opens the file, so another write may come between; then it is done anew.
        """
        for _ in range(LOOKS):
            found = super().get_object(context, request)
            body: Any = found["Body"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
            stored: StoredFile = getattr(body, "iterable", body)
            if stored.last_modified == stored.s3_object.internal_last_modified:
                return found
            stored.close()
            time.sleep(PAUSE_SECONDS)
        raise CommonServiceException("SlowDown", "Please reduce your request rate.", 503)

    def restart(self, complete: bool) -> None:
        """Bring together the state that was saved and the files that are there."""
        self._objects.clear_away()
        adopt(self._objects, complete)
        self._cors_handler.invalidate_cache()

    def forget(self, account: str, buckets: list[str]) -> None:
        """Drop the files of an account's buckets, and what is remembered of them."""
        for bucket in buckets:
            self._objects.delete_bucket(bucket)
            self._expiration_cache.pop(bucket, None)
            self._preconditions_locks.pop(bucket, None)
        self._cors_handler.invalidate_cache()
