"""boto3 clients of LocalStack's own services, in the name of an account."""

from __future__ import annotations

from typing import Any

from localstack.aws.connect import connect_to


class Clients:
    """The services of one account and region."""

    def __init__(self, account: str, region: str) -> None:
        self._factory = connect_to(aws_access_key_id=account, region_name=region)

    @property
    def s3(self) -> Any:
        """S3."""
        return self._factory.s3

    @property
    def logs(self) -> Any:
        """CloudWatch Logs."""
        return self._factory.logs

    @property
    def sagemaker(self) -> Any:
        """SageMaker."""
        return self._factory.sagemaker

    @property
    def cloudwatch(self) -> Any:
        """CloudWatch metrics."""
        return self._factory.cloudwatch
