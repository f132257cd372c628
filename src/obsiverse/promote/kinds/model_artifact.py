"""Model artifacts: copies of this machine's, under a name that says their content, checked by SHA-256 on the way.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.faults import explained, is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import s3_bucket
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages

NAME = "model-artifact"
FOLDER = "promoted/models"
PART = 64 << 20
"""Bytes that are sent in one request, with a checksum of their own; 10,000 parts are the most that S3 takes."""


class _Checked:
    """A body that can be read to its end only where that is what was promised: else nothing comes of the upload."""

    def __init__(self, body: Any, wanted: dict[str, Any]) -> None:
        self._body, self._wanted, self._left = body, wanted, wanted["bytes"]
        self._digest = hashlib.sha256()

    def read(self, amount: int | None = None) -> bytes:
        content: bytes = self._body.read(amount)
        self._digest.update(content)
        self._left -= len(content)
        ended = self._left <= 0 or amount is None or len(content) < amount
        if ended and self._digest.hexdigest() != self._wanted["sha256"]:
            raise PromoteError(f"{self._wanted['from']} was changed meanwhile", "Plan again.")
        return content


class ModelArtifact(Kind):
    """A file of a model: its model.tar.gz, or one of those under its prefix.

    Its key has a part of the model's digest, so one that is there is the right one or none.
    """

    name = NAME
    actions = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject")

    def desired(self, source: Source) -> Iterable[Resource]:
        for address in addresses(source):
            yield from resources_of(source, address)

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
        bucket, key = split(wanted["from"])
        body = place.origin.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
        transfer = importlib.import_module("boto3.s3.transfer")
        config = transfer.TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=4)
        # Each is in memory, since the body can't be read twice.
        config.max_in_memory_upload_chunks = 4
        # S3 refuses a request that arrives with another checksum.
        extra = {"Metadata": {"sha256": wanted["sha256"]}, "ChecksumAlgorithm": "SHA256"}
        place.client("s3").upload_fileobj(
            _Checked(body, wanted), wanted["bucket"], wanted["key"], ExtraArgs=extra, Config=config
        )

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.create(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        place.client("s3").delete_object(Bucket=resource.properties["bucket"], Key=resource.properties["key"])


def addresses(source: Source) -> Iterator[str]:
    """The s3:// addresses of the promoted endpoints' models, each once; those of prefixes end with a slash."""
    seen: set[str] = set()
    for endpoint in source.endpoints:
        for model in endpoint["Models"].values():
            for container in containers(model):
                address = address_of(container)
                if address and address not in seen:
                    seen.add(address)
                    yield address


def containers(model: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers of a DescribeModel."""
    return [model["PrimaryContainer"]] if model.get("PrimaryContainer") else list(model.get("Containers", []))


def address_of(container: dict[str, Any]) -> str | None:
    """The s3:// address of a container's data: of an archive or a file, or with a slash at its end of a prefix of files.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3ModelDataSource.html

    Raises:
        PromoteError: it is of a form that is not brought over.
    """
    found: dict[str, Any] | None = container.get("ModelDataSource", {}).get("S3DataSource")
    if url := container.get("ModelDataUrl"):
        return f"{url.rstrip('/')}/" if container.get("Mode") == "MultiModel" else url
    if found is None:
        return None
    if found.get("ManifestS3Uri") or found.get("HubAccessConfig"):
        raise PromoteError(
            f"{found['S3Uri']}: models with a manifest, or from a hub, are not promoted",
            "Leave their endpoint out in promote.endpoints.",
        )
    uri: str = found["S3Uri"]
    return f"{uri.rstrip('/')}/" if found["S3DataType"] == "S3Prefix" else uri


def resources_of(source: Source, address: str) -> list[Resource]:
    """The copies of what is at an s3:// address of this machine. Raises PromoteError."""
    local, target = source.local, source.target
    bucket, key = split(address)
    whole = not address.endswith("/")
    files = [key] if whole else _below(local, address)
    try:
        digests = {file: source.digests.of(local.client("s3"), bucket, file) for file in files}
    except Exception as error:
        raise explained(error, f"reading {address}", local.target) from error
    prefix = key.rpartition("/")[0]
    inner = {file: file.removeprefix(f"{prefix}/") if prefix else file for file in files}
    listed = "".join(f"{digests[file][0]}  {inner[file]}\n" for file in sorted(files))
    digest = digests[key][0] if whole else hashlib.sha256(listed.encode()).hexdigest()
    name = f"{prefix.replace('/', '-')[-80:] or 'model'}-{digest[:12]}"
    return [
        Resource(
            NAME,
            name if whole else f"{name}/{inner[file]}",
            {
                "bucket": target.bucket,
                "key": f"{FOLDER}/{name}/{inner[file]}",
                "sha256": digests[file][0],
                "bytes": digests[file][1],
                "from": f"s3://{bucket}/{file}",
            },
            parent=f"{s3_bucket.NAME}/{target.bucket}",
        )
        for file in files
    ]


def moved_address(address: str, copies: list[Resource]) -> str:
    """The target's address of what is copied from an address here."""
    if not address.endswith("/"):
        return _url(copies[0].properties)
    folder = copies[0].properties["key"].split("/")[: FOLDER.count("/") + 2]
    return f"s3://{copies[0].properties['bucket']}/{'/'.join(folder)}/"


def split(address: str) -> tuple[str, str]:
    """Bucket and key of an s3:// address."""
    parts = urlsplit(address)
    return parts.netloc, parts.path.lstrip("/")


def _below(local: Place, address: str) -> list[str]:
    """The keys under a prefix, without those that stand for folders. Raises PromoteError for none."""
    bucket, prefix = split(address)
    try:
        listed = pages(local.client("s3"), "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix)
        found = [one["Key"] for one in listed if not one["Key"].endswith("/")]
    except Exception as error:
        raise explained(error, f"reading {address}", local.target) from error
    if not found:
        raise PromoteError(f"there is nothing under {address}", "Leave its endpoint out in promote.endpoints.")
    return found


def _url(properties: dict[str, Any]) -> str:
    return f"s3://{properties['bucket']}/{properties['key']}"
