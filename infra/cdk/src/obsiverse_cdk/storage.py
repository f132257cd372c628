"""Where models are: the bucket with artifacts, training data and captured requests, and the repository of their image."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3
from constructs import Construct

from obsiverse_cdk.settings import Settings


class Storage(Construct):
    """Both are kept when the stack goes."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "Storage")
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=f"{settings.name}-{cdk.Aws.ACCOUNT_ID}-{cdk.Aws.REGION}",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.images = ecr.Repository(
            self,
            "Images",
            repository_name=f"{settings.name}/model",
            image_scan_on_push=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
