"""Where asynchronous requests come from and go to: the endpoint's account's S3 and SNS.

botocore in threads, imported with the first request: few endpoints are asynchronous, and it takes 25 MB.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from obsiverse_endpoints.routes import RouteKey

THREADS = 8
CONNECT_SECONDS, READ_SECONDS = 2, 60


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

    def close(self) -> None:
        """Begin no more calls."""
        ...


class EdgeResults:
    """S3 and SNS of the edge at `address` (host:port)."""

    def __init__(self, address: str | None) -> None:
        self._address = address
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="async-results")
        # One for all clients: it holds the service models, of which S3's alone takes 10 MB.
        self._session: Any = None
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._making = threading.Lock()

    async def fetch(self, key: RouteKey, uri: str) -> bytes:
        """An object's content."""
        bucket, name = split(uri)
        return await self._call(lambda: self._client("s3", key).get_object(Bucket=bucket, Key=name)["Body"].read())

    async def keep(self, key: RouteKey, uri: str, body: bytes, content_type: str | None, kms_key: str | None) -> None:
        """Put an object, encrypted with a key of KMS where there is one."""
        bucket, name = split(uri)
        options: dict[str, str] = {"ContentType": content_type} if content_type else {}
        if kms_key:
            options |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
        await self._call(lambda: self._client("s3", key).put_object(Bucket=bucket, Key=name, Body=body, **options))

    async def notify(self, key: RouteKey, topic: str, message: str) -> None:
        """Publish to a topic."""
        await self._call(lambda: self._client("sns", key).publish(TopicArn=topic, Message=message))

    def close(self) -> None:
        """Begin no more calls."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call[T](self, call: Callable[[], T]) -> T:
        if self._address is None:
            raise RefusedError("NotConfigured", "ENDPOINTS_AWS says no address of S3 and SNS")
        return await asyncio.get_running_loop().run_in_executor(self._threads, _translated, call)

    def _client(self, service: str, key: RouteKey) -> Any:
        import botocore.session
        from botocore.config import Config

        with self._making:
            self._session = self._session or botocore.session.Session()
            place = (service, key.account, key.region)
            if place not in self._clients:
                self._clients[place] = self._session.create_client(
                    service,
                    region_name=key.region,
                    endpoint_url=f"http://{self._address}",
                    aws_access_key_id=key.account,
                    aws_secret_access_key="test",  # noqa: S106 - every account's
                    config=Config(
                        s3={"addressing_style": "path"},
                        retries={"total_max_attempts": 1},
                        connect_timeout=CONNECT_SECONDS,
                        read_timeout=READ_SECONDS,
                        max_pool_connections=THREADS,
                    ),
                )
            return self._clients[place]


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI."""
    bucket, _, name = uri.removeprefix("s3://").partition("/")
    return bucket, name


def _translated[T](call: Callable[[], T]) -> T:
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError

    try:
        return call()
    except ClientError as error:
        response: Any = error.response
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        if status >= 500:
            raise AwayError(str(error)) from error
        raise RefusedError(response["Error"]["Code"], response["Error"].get("Message", "")) from error
    except ParamValidationError as error:
        raise RefusedError("ParamValidationError", str(error)) from error
    except (HTTPClientError, BotoCoreError) as error:
        raise AwayError(f"{type(error).__name__}: {error}") from error
