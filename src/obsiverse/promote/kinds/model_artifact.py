"""Model artifacts: copies of this machine's, under a name that says their content, checked by SHA-256 on the way.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.faults import explained, is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import s3_bucket
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source

NAME = "model-artifact"
FOLDER = "promoted/models"
LARGEST = 5 * 2**30
"""Bytes that S3 takes in one PutObject, and checks as a whole."""
_CHUNK = 1 << 20


class ModelArtifact(Kind):
    """A model.tar.gz. Its key has a part of its digest, so one that is there is the right one or none."""

    name = NAME
    actions = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")

    def desired(self, source: Source) -> Iterable[Resource]:
        for address in addresses(source):
            yield resource_of(source, address)

    def read(self, place: Place, resource: Resource) -> Found | None:
        wanted = resource.properties
        try:
            head = place.client("s3").head_object(Bucket=wanted["bucket"], Key=wanted["key"])
        except Exception as error:
            if is_missing(error):
                return None
            raise
        there = {**wanted, "sha256": head["Metadata"].get("sha256", ""), "bytes": head["ContentLength"]}
        return Found(there, {"url": _url(wanted)})

    def create(self, place: Place, resource: Resource) -> None:
        wanted = resource.properties
        if wanted["bytes"] > LARGEST:
            raise PromoteError(
                f"{wanted['from']} has {wanted['bytes'] / 1e9:.1f} GB, and one request takes {LARGEST / 1e9:.1f} GB",
                f"Copy it yourself to {_url(wanted)} with the metadata sha256={wanted['sha256']}.",
            )
        bucket, key = split(wanted["from"])
        body = place.origin.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        digest = hashlib.sha256(body)
        if digest.hexdigest() != wanted["sha256"]:
            raise PromoteError(f"{wanted['from']} was changed meanwhile", "Plan again.")
        place.client("s3").put_object(
            Bucket=wanted["bucket"],
            Key=wanted["key"],
            Body=body,
            Metadata={"sha256": wanted["sha256"]},
            # S3 refuses what arrives with another one.
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
        )

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.create(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        place.client("s3").delete_object(Bucket=resource.properties["bucket"], Key=resource.properties["key"])


def addresses(source: Source) -> Iterator[str]:
    """The s3:// addresses of the promoted endpoints' models, each once."""
    seen: set[str] = set()
    for endpoint in source.endpoints:
        for model in endpoint["Models"].values():
            for container in containers(model):
                address = container.get("ModelDataUrl")
                if address and address not in seen:
                    seen.add(address)
                    yield address


def containers(model: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers of a DescribeModel."""
    return [model["PrimaryContainer"]] if model.get("PrimaryContainer") else list(model.get("Containers", []))


def resource_of(source: Source, address: str) -> Resource:
    """The copy of what is at an s3:// address of this machine. Raises PromoteError."""
    digest, size = _digest(source.local, address)
    bucket, key = split(address)
    folder = key.rpartition("/")[0].replace("/", "-")[-80:] or "model"
    name = f"{folder}-{digest[:12]}"
    properties = {
        "bucket": source.target.bucket,
        "key": f"{FOLDER}/{name}/{key.rpartition('/')[2]}",
        "sha256": digest,
        "bytes": size,
        "from": f"s3://{bucket}/{key}",
    }
    return Resource(NAME, name, properties, parent=f"{s3_bucket.NAME}/{source.target.bucket}")


def split(address: str) -> tuple[str, str]:
    """Bucket and key of an s3:// address."""
    parts = urlsplit(address)
    return parts.netloc, parts.path.lstrip("/")


@lru_cache(maxsize=256)
def _digest(local: Place, address: str) -> tuple[str, int]:
    bucket, key = split(address)
    if not key or key.endswith("/"):
        raise PromoteError(
            f"{address} is a prefix: models that are not one file are not promoted",
            "Leave their endpoint out in promote.endpoints.",
        )
    try:
        body = local.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    except Exception as error:
        raise explained(error, f"reading {address}", local.target) from error
    digest, size = hashlib.sha256(), 0
    for chunk in body.iter_chunks(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def _url(properties: dict[str, Any]) -> str:
    return f"s3://{properties['bucket']}/{properties['key']}"
