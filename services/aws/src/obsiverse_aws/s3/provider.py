"""LocalStack's S3 with objects that stay."""

from __future__ import annotations

from collections.abc import Callable

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.s3 import CreateBucketOutput, CreateBucketRequest
from localstack.services.s3.provider import S3Provider

from obsiverse_aws.s3.adoption import adopt
from obsiverse_aws.s3.object_store import ObjectStore


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
