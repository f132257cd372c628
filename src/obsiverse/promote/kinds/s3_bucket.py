"""The bucket: private, encrypted. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from obsiverse.promote.errors import NameTaken
from obsiverse.promote.faults import code_of, is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source

NAME = "s3-bucket"
BLOCKED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


class S3Bucket(Kind):
    """The target's bucket. One that is there already is used as it is."""

    name = NAME
    shared = True
    marked_late = True
    actions = (
        "s3:CreateBucket", "s3:DeleteBucket", "s3:GetBucketPublicAccessBlock", "s3:GetBucketTagging", "s3:ListBucket",
        "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        yield Resource(self.name, source.target.bucket, {"public": False, "marked": True})

    def read(self, place: Place, resource: Resource) -> Found | None:
        s3 = place.client("s3")
        try:
            s3.head_bucket(Bucket=resource.name)
        except Exception as error:
            if code_of(error) == "403":
                raise NameTaken(
                    f"bucket {resource.name} is another account's, or closed to these credentials",
                    "Choose another `bucket` in the target's file: their names are the whole world's.",
                ) from error
            if is_missing(error):
                return None
            raise
        ours = place.is_ours(self._tags(s3, resource))
        # The mark is a property too: CreateBucket can't set it, and a crash may come between.
        return Found({"public": not self._is_closed(s3, resource.name), "marked": ours}, ours=ours)

    def create(self, place: Place, resource: Resource) -> None:
        where = {"CreateBucketConfiguration": {"LocationConstraint": place.region}}
        s3 = place.client("s3")
        s3.create_bucket(Bucket=resource.name, **({} if place.region == "us-east-1" else where))
        self._mark(place, resource)
        self._close(place, resource)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self._mark(place, resource)
        self._close(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        """Only an empty one goes: what was captured and trained since is kept, and the bucket with it."""
        try:
            place.client("s3").delete_bucket(Bucket=resource.name)
        except Exception as error:
            if code_of(error) != "BucketNotEmpty":
                raise

    def _mark(self, place: Place, resource: Resource) -> None:
        s3 = place.client("s3")
        tags = {**self._tags(s3, resource), **place.tags}
        tagging = {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}
        s3.put_bucket_tagging(Bucket=resource.name, Tagging=tagging)

    def _close(self, place: Place, resource: Resource) -> None:
        configuration = dict.fromkeys(BLOCKED, not resource.properties["public"])
        place.client("s3").put_public_access_block(Bucket=resource.name, PublicAccessBlockConfiguration=configuration)

    def _is_closed(self, s3: Any, bucket: str) -> bool:
        try:
            answer = s3.get_public_access_block(Bucket=bucket)
        except Exception as error:
            if code_of(error) == "NoSuchPublicAccessBlockConfiguration":
                return False
            raise
        return all(answer["PublicAccessBlockConfiguration"].get(name) for name in BLOCKED)

    def _tags(self, s3: Any, resource: Resource) -> dict[str, str]:
        try:
            answer = s3.get_bucket_tagging(Bucket=resource.name)
        except Exception as error:
            if code_of(error) == "NoSuchTagSet":
                return {}
            raise
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}
