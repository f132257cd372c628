"""The account that a scenario runs in: its clients and the names that belong to it."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import ClientError

from obsiverse_scenario.settings import Settings

SAGEMAKER = {"Principal": {"Service": "sagemaker.amazonaws.com"}}
ALLOWED = ["cloudwatch:PutMetricData", "ecr:*", "logs:*", "s3:*", "sagemaker:*"]
"""What jobs and endpoints do in the role's name."""


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
        return self._settings.role or f"arn:aws:iam::{self.id}:role/obsiverse-sagemaker"

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

    def ensure_role(self) -> None:
        """Make the role if it is not there; who may not look at roles is given one that is."""
        iam, name = self.client("iam"), self.role.rpartition("/")[2]
        try:
            iam.get_role(RoleName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("AccessDenied", "NoSuchEntity"):
                raise
            missing = error.response["Error"]["Code"] == "NoSuchEntity"
        else:
            missing = False
        if missing:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy("sts:AssumeRole", SAGEMAKER))
            iam.put_role_policy(RoleName=name, PolicyName="models", PolicyDocument=_policy(ALLOWED, {"Resource": "*"}))

    def put(self, key: str, body: bytes) -> str:
        """Put an object into the bucket; its s3:// address."""
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"


def _policy(actions: str | list[str], whom: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, **whom}]})
