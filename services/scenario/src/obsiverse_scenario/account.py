"""The account that a scenario runs in: its clients and the names that belong to it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import ClientError

from obsiverse_scenario.settings import Settings


class Account:
    """Clients and names, from the environment that AWS's SDKs read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session = boto3.Session()
        self.region: str = self._session.region_name or "us-east-1"

    @cached_property
    def id(self) -> str:
        """The twelve digits."""
        return str(self.client("sts").get_caller_identity()["Account"])

    @property
    def bucket(self) -> str:
        """The bucket for all that the scenario keeps."""
        return self._settings.bucket or f"obsiverse-{self.id}-{self.region}"

    @property
    def image(self) -> str:
        """The image of the model container."""
        return self._settings.model_image or f"{self.id}.dkr.ecr.{self.region}.amazonaws.com/obsiverse/model:latest"

    @property
    def role(self) -> str:
        """The role that SageMaker takes."""
        return self._settings.role or f"arn:aws:iam::{self.id}:role/obsiverse-execution"

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return self._session.client(service, region_name=self.region)

    def ensure_bucket(self) -> None:
        """Make the bucket if it is not there."""
        s3 = self.client("s3")
        try:
            s3.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
                raise
            where = (
                {} if self.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
            )
            s3.create_bucket(Bucket=self.bucket, **where)

    def put(self, key: str, body: bytes) -> str:
        """Put an object into the bucket; its s3:// address."""
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"
