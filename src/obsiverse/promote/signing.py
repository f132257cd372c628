"""HTTP requests signed by SigV4, to AWS's data planes that boto3 has no client for.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import importlib

import httpx

from obsiverse.promote.place import Place

SECONDS = 30


def send(
    place: Place, service: str, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> httpx.Response:
    """Send one request with the target's credentials.

    Args:
        service: what it is signed for (`aps`, `xray`).
    """
    request = importlib.import_module("botocore.awsrequest").AWSRequest(
        method=method, url=url, data=body, headers=headers or {}
    )
    sign = importlib.import_module("botocore.auth").SigV4Auth(place.credentials(), service, place.region)
    sign.add_auth(request)
    return httpx.request(method, url, content=body, headers=dict(request.headers.items()), timeout=SECONDS)
