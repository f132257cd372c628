"""Requests signed as botocore signs them."""

from __future__ import annotations

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCOUNT, REGION = "000000000000", "us-east-1"


def signed(
    url: str,
    body: bytes,
    headers: dict[str, str] | None = None,
    *,
    access_key: str = ACCOUNT,
    secret: str = "test",  # noqa: S107 - every account's
    token: str | None = None,
    region: str = REGION,
    service: str = "sagemaker",
) -> dict[str, str]:
    """The headers of a signed POST, Host among them."""
    request = AWSRequest("POST", url, {**(headers or {}), "Host": url.split("/")[2]}, body)
    SigV4Auth(Credentials(access_key, secret, token), service, region).add_auth(request)
    return dict(request.headers.items())
