"""AWS's services on the edge, in the name of an account.

botocore in threads: these calls are few, and none of them is one that a client waits for. It is imported with the first.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

CONNECT_SECONDS, READ_SECONDS = 2, 30


class AwsUnavailable(Exception):
    """The edge does not answer: the same call may succeed later."""


class AwsRefused(Exception):
    """The edge answers with an error.

    Attributes:
        code, message: AWS's.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Aws:
    """Calls to AWS's services.

    Args:
        address: host:port of the edge.
    """

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}"
        self._session: Any = None
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._making = threading.Lock()

    async def call(self, account: str, region: str, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        """The answer of an operation, named as botocore's clients name it; a Body in it has been read.

        Raises AwsUnavailable, AwsRefused.
        """
        return await asyncio.to_thread(self._call, account, region, service, operation, parameters)

    def _call(self, account: str, region: str, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
            BotoCoreError,
            ClientError,
            ParamValidationError,
        )

        try:
            answer: dict[str, Any] = getattr(self._client(account, region, service), operation)(**parameters)
            return {**answer, "Body": answer["Body"].read()} if "Body" in answer else answer
        except ClientError as error:
            response: Any = error.response  # pyright: ignore[reportUnknownMemberType]
            if response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise AwsUnavailable(str(error)) from error
            raise AwsRefused(response["Error"]["Code"], response["Error"]["Message"]) from error
        except ParamValidationError as error:
            raise AwsRefused("ParamValidationError", str(error)) from error
        except BotoCoreError as error:
            raise AwsUnavailable(str(error)) from error

    def _client(self, account: str, region: str, service: str) -> Any:
        from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]
        from botocore.session import Session  # pyright: ignore[reportMissingTypeStubs]

        with self._making:
            client = self._clients.get((account, region, service))
            if client is None:
                # One for all clients: it holds the service models, of which S3's alone takes 10 MB.
                self._session = self._session or Session()
                client = self._clients[account, region, service] = self._session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=self._url,
                    aws_access_key_id=account,
                    aws_secret_access_key="test",  # noqa: S106 - the fixed one of a key that is its account's number
                    config=Config(
                        connect_timeout=CONNECT_SECONDS,
                        read_timeout=READ_SECONDS,
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                    ),
                )
            return client
