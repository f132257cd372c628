"""The data plane that keeps events, called in the name of an account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from localstack.aws.api import CommonServiceException

from obsiverse_aws.errors import ServiceUnavailable

TIMEOUT = urllib3.Timeout(connect=2, read=60)
# Of every account's own key, which is its id; the data plane knows it without asking the edge.
SECRET = "test"  # noqa: S105 - LocalStack's, and no secret at all


class DataPlane:
    """CloudWatch Logs at `address` (host:port)."""

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}/"
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False, maxsize=32)

    def call(self, account: str, region: str, operation: str, request: Mapping[str, Any]) -> Any:
        """An operation's result; raises the error that the data plane answers, or ServiceUnavailable."""
        body = json.dumps({name: value for name, value in request.items() if value is not None}).encode()
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Logs_20140328.{operation}"}
        signed = AWSRequest("POST", self._url, headers, body)
        SigV4Auth(Credentials(account, SECRET), "logs", region).add_auth(signed)
        try:
            answer = self._http.request("POST", self._url, body=body, headers=dict(signed.headers.items()))
        except urllib3.exceptions.HTTPError as error:
            raise ServiceUnavailable(f"The data plane of CloudWatch Logs does not answer: {error}") from error
        result = json.loads(answer.data or b"{}")
        if answer.status >= 400:
            code, message = result.get("__type", "InternalFailure"), result.get("message") or ""
            raise CommonServiceException(code, message, answer.status, sender_fault=answer.status < 500)
        return result
