"""Artifacts in S3, in a bucket that is made when it is missing: a local S3 may have been emptied since."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository


class BucketMakingRepository(S3ArtifactRepository):
    """MLflow's S3 repository; registered for `s3` in the entry-point group `mlflow.artifact_repository`."""

    def _upload_file(self, s3_client: Any, local_file: str, bucket: str, key: str) -> None:
        try:
            s3_client.head_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in ("404", "NoSuchBucket"):
                raise
            _make(s3_client, bucket)
        super()._upload_file(s3_client, local_file, bucket, key)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """Artifacts below a path; none where there is no bucket yet."""
        try:
            return super().list_artifacts(path)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return []
            raise


def _make(s3_client: Any, bucket: str) -> None:
    region = s3_client.meta.region_name
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3_client.create_bucket(Bucket=bucket, **where)
    except ClientError as error:
        # Another upload made it meanwhile.
        if error.response.get("Error", {}).get("Code") != "BucketAlreadyOwnedByYou":
            raise
