"""Where asynchronous requests come from and go to: the endpoint's account's S3 and SNS."""

from __future__ import annotations

from typing import Any, Protocol

from obsiverse_endpoints.aws import Aws, AwsRefused, AwsUnavailable
from obsiverse_endpoints.routes import RouteKey


class RefusedError(Exception):
    """S3 or SNS said no: asking again is no use. The code and the message are AWS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class AwayError(Exception):
    """S3 or SNS did not answer, or failed itself: asking again may help."""


class Results(Protocol):
    """S3 and SNS in the name of an endpoint's account; every call raises RefusedError or AwayError."""

    async def fetch(self, key: RouteKey, uri: str) -> bytes:
        """An object's content."""
        ...

    async def keep(self, key: RouteKey, uri: str, body: bytes, content_type: str | None, kms_key: str | None) -> None:
        """Put an object."""
        ...

    async def notify(self, key: RouteKey, topic: str, message: str) -> None:
        """Publish to a topic."""
        ...


class EdgeResults:
    """S3 and SNS of the edge."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    async def fetch(self, key: RouteKey, uri: str) -> bytes:
        """An object's content."""
        bucket, name = split(uri)
        return (await self._call(key, "s3", "get_object", Bucket=bucket, Key=name))["Body"]

    async def keep(self, key: RouteKey, uri: str, body: bytes, content_type: str | None, kms_key: str | None) -> None:
        """Put an object, encrypted with a key of KMS where there is one."""
        bucket, name = split(uri)
        options: dict[str, str] = {"ContentType": content_type} if content_type else {}
        if kms_key:
            options |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
        await self._call(key, "s3", "put_object", Bucket=bucket, Key=name, Body=body, **options)

    async def notify(self, key: RouteKey, topic: str, message: str) -> None:
        """Publish to a topic."""
        await self._call(key, "sns", "publish", TopicArn=topic, Message=message)

    async def _call(self, key: RouteKey, service: str, operation: str, **parameters: Any) -> Any:
        try:
            return await self._aws.call(key.account, key.region, service, operation, parameters)
        except AwsRefused as error:
            raise RefusedError(error.code, error.message) from error
        except AwsUnavailable as error:
            raise AwayError(str(error)) from error


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI."""
    bucket, _, name = uri.removeprefix("s3://").partition("/")
    return bucket, name
