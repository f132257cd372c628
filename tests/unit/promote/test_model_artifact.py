"""Models' files: one, several, and those that are sent in parts."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody

from obsiverse.promote import digests
from obsiverse.promote.errors import PromoteError, Stopped
from obsiverse.promote.kinds import model_artifact
from tests.unit.promote.account import ACCOUNT, Moved, image

HERE, THERE = "obsiverse-us-east-1", "obsiverse-eu-west-1"


def serve(container: dict[str, Any]) -> None:
    """Have the endpoint `clinical` here run another container."""
    sagemaker = boto3.client("sagemaker", "us-east-1")
    role = f"arn:aws:iam::{ACCOUNT}:role/local"
    sagemaker.create_model(
        ModelName="files", PrimaryContainer={"Image": image("us-east-1"), **container}, ExecutionRoleArn=role
    )
    [variant] = sagemaker.describe_endpoint_config(EndpointConfigName="clinical-1")["ProductionVariants"]
    sagemaker.create_endpoint_config(EndpointConfigName="files", ProductionVariants=[{**variant, "ModelName": "files"}])
    sagemaker.delete_endpoint(EndpointName="clinical")
    sagemaker.create_endpoint(EndpointName="clinical", EndpointConfigName="files")


def promoted() -> dict[str, Any]:
    """The container of the endpoint's model in the target."""
    sagemaker = boto3.client("sagemaker", "eu-west-1")
    config = sagemaker.describe_endpoint(EndpointName="clinical")["EndpointConfigName"]
    [variant] = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    return sagemaker.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]


def wanted(moved: Moved) -> dict[str, Any]:
    """The container that it should have, planned anew."""
    resources = Moved(moved.session.journal.file.parent).session.resources.values()
    [model] = [one for one in resources if one.kind == "sagemaker-model"]
    return model.properties["PrimaryContainer"]


def contents(prefix: str) -> dict[str, bytes]:
    """What is below an s3:// prefix of the target."""
    s3, (bucket, key) = boto3.client("s3", "eu-west-1"), model_artifact.split(prefix)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]
    found = {one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed}
    return {name.removeprefix(key): content for name, content in found.items()}


def test_a_prefix_of_files_is_brought_over_with_all_of_them(moved: Moved):
    s3 = boto3.client("s3", "us-east-1")
    files = {"config.json": b"{}", "weights/1.safetensors": b"one", "weights/2.safetensors": b"two"}
    for name, content in files.items():
        s3.put_object(Bucket=HERE, Key=f"models/large/{name}", Body=content)
    s3.put_object(Bucket=HERE, Key="models/larger/another", Body=b"not of it")
    s3.put_object(Bucket=HERE, Key="models/large/weights/", Body=b"")
    source = {"S3Uri": f"s3://{HERE}/models/large/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    serve({"ModelDataSource": {"S3DataSource": source}})
    moved.apply()
    there = promoted()["ModelDataSource"]["S3DataSource"]
    assert (there["S3DataType"], there["CompressionType"]) == ("S3Prefix", "None")
    assert there["S3Uri"].startswith(f"s3://{THERE}/promoted/models/models-large-")
    assert contents(there["S3Uri"]) == files
    again = Moved(moved.session.journal.file.parent)
    assert not again.session.plan().changes
    # One file that differs is another model.
    s3.put_object(Bucket=HERE, Key="models/large/config.json", Body=b"[]")
    assert wanted(moved)["ModelDataSource"]["S3DataSource"]["S3Uri"] != there["S3Uri"]


def test_the_longer_way_to_name_an_archive_is_the_same_as_the_short_one(moved: Moved):
    moved.apply()
    before = wanted(moved)
    source = {"S3Uri": f"s3://{HERE}/models/clinical/model.tar.gz", "S3DataType": "S3Object", "CompressionType": "Gzip"}
    serve({"ModelDataSource": {"S3DataSource": source}, "Environment": {"SAGEMAKER_PROGRAM": "inference.py"}})
    assert wanted(moved) == before


def test_a_large_file_is_sent_in_parts_and_arrives_whole(moved: Moved, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(model_artifact, "PART", 5 << 20)
    body = random.Random(1).randbytes(12 << 20)
    boto3.client("s3", "us-east-1").put_object(Bucket=HERE, Key="models/clinical/model.tar.gz", Body=body)
    moved.apply()
    bucket, key = model_artifact.split(promoted()["ModelDataUrl"])
    s3 = boto3.client("s3", "eu-west-1")
    head = s3.head_object(Bucket=bucket, Key=key)
    assert head["ETag"].endswith('-3"')
    assert head["Metadata"]["sha256"] == hashlib.sha256(body).hexdigest()
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    assert {"CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"} <= set(moved.recorder.calls)


@pytest.mark.parametrize("size", [7, 6 << 20, 12 << 20])
def test_nothing_is_left_of_a_file_that_changes_while_it_is_copied(
    moved: Moved, size: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(model_artifact, "PART", 5 << 20)
    here, there = boto3.client("s3", "us-east-1"), boto3.client("s3", "eu-west-1")
    here.put_object(Bucket=HERE, Key="models/clinical/model.tar.gz", Body=b"1" * size)
    assert moved.session.plan().changes
    here.put_object(Bucket=HERE, Key="models/clinical/model.tar.gz", Body=b"2" * size)
    with pytest.raises(Stopped, match="changed meanwhile"):
        moved.apply()
    assert "Contents" not in there.list_objects_v2(Bucket=THERE)
    assert "Uploads" not in there.list_multipart_uploads(Bucket=THERE)


@pytest.mark.parametrize(
    ("container", "address"),
    [
        ({}, None),
        ({"ModelDataUrl": "s3://b/m.tar.gz"}, "s3://b/m.tar.gz"),
        ({"ModelDataUrl": "s3://b/models", "Mode": "MultiModel"}, "s3://b/models/"),
        (
            {"ModelDataSource": {"S3DataSource": {"S3Uri": "s3://b/m", "S3DataType": "S3Prefix"}}},
            "s3://b/m/",
        ),
        (
            {"ModelDataSource": {"S3DataSource": {"S3Uri": "s3://b/m.bin", "S3DataType": "S3Object"}}},
            "s3://b/m.bin",
        ),
    ],
)
def test_the_data_of_a_container_are_found(container: dict[str, Any], address: str | None):
    assert model_artifact.address_of(container) == address


def test_a_model_of_a_hub_is_refused():
    source = {"S3Uri": "s3://b/m", "S3DataType": "S3Prefix", "HubAccessConfig": {"HubContentArn": "arn:x"}}
    with pytest.raises(PromoteError, match="hub"):
        model_artifact.address_of({"ModelDataSource": {"S3DataSource": source}})


def test_a_large_file_is_read_once_until_it_is_another(moved: Moved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(digests, "LARGE", 5)
    s3, reads = boto3.client("s3", "us-east-1"), list[int]()
    whole = StreamingBody.iter_chunks
    monkeypatch.setattr(StreamingBody, "iter_chunks", lambda body, size: reads.append(size) or whole(body, size))

    def digest(key: str) -> tuple[str, int]:
        # Another process, as it were.
        return digests.Digests(tmp_path / "digests.json").of(s3, HERE, key)

    for content, times in ((b"weights", 1), (b"others!", 2)):
        s3.put_object(Bucket=HERE, Key="large", Body=content)
        for _ in range(3):
            assert digest("large") == (hashlib.sha256(content).hexdigest(), 7)
        assert len(reads) == times
    s3.put_object(Bucket=HERE, Key="small", Body=b"tiny")
    assert [digest("small"), digest("small")] == [(hashlib.sha256(b"tiny").hexdigest(), 4)] * 2
    assert "small" not in (tmp_path / "digests.json").read_text()
    (tmp_path / "digests.json").write_text("{")
    assert digest("large")[0] == hashlib.sha256(b"others!").hexdigest()
