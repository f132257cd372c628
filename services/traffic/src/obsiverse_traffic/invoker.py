"""InvokeEndpoint as any client of AWS sends it: SigV4-signed HTTP."""

from __future__ import annotations

import secrets
from typing import Self

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from obsiverse_traffic.settings import AwsSettings

ANSWER_SECONDS = 70.0  # what AWS advises a client to wait for a model that may take 60


class InvocationError(Exception):
    """A request failed. `code` is AWS's error code, or the name of the transport's error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Invoker:
    """A client of one region's sagemaker-runtime with `connections` connections at most."""

    def __init__(self, aws: AwsSettings, connections: int) -> None:
        token = aws.session_token.get_secret_value() if aws.session_token else None
        credentials = Credentials(aws.access_key_id, aws.secret_access_key.get_secret_value(), token)
        self._signer = SigV4Auth(credentials, "sagemaker", aws.region)
        self._url = str(httpx.URL(aws.runtime_url))  # raises httpx.InvalidURL now and not in every request
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._client = httpx.AsyncClient(timeout=ANSWER_SECONDS, limits=limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def invoke(self, endpoint: str, content_type: str, body: bytes) -> bytes:
        """The answer's body; raises InvocationError. Each request begins a trace of its own."""
        url = f"{self._url}/endpoints/{endpoint}/invocations"
        trace = f"traceparent=00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        headers = {"Content-Type": content_type, "X-Amzn-SageMaker-Custom-Attributes": trace}
        signed = AWSRequest("POST", url, headers, body)
        self._signer.add_auth(signed)  # pyright: ignore[reportUnknownMemberType] - botocore is untyped
        try:
            answer = await self._client.post(url, content=body, headers=dict(signed.headers.items()))
        except httpx.TransportError as error:
            raise InvocationError(type(error).__name__, str(error)) from error
        if not answer.is_success:
            code = answer.headers.get("x-amzn-errortype", f"HTTP{answer.status_code}").partition(":")[0]
            raise InvocationError(code, answer.text[:300])
        return answer.content
