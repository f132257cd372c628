"""InvokeEndpoint, for clients that know of one address only; others call the data plane itself."""

from __future__ import annotations

from typing import Any

import urllib3
from localstack.aws.api import RequestContext
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.http import Response
from localstack.services.plugins import Service

from obsiverse_aws.errors import ServiceUnavailable

# InvokeEndpoint may take 60 s; the data plane answers for containers that take longer.
TIMEOUT = urllib3.Timeout(connect=2, read=90)
HOP_BY_HOP = {
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class Forwarder:
    """Sends requests on as they came, the Authorization header included: account and region are read from it.

    Args:
        address: host:port of the data plane.
    """

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}"
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False, maxsize=32)

    def __call__(self, context: RequestContext, _: Any) -> Response:
        request = context.request
        try:
            answer = self._http.request(
                request.method,
                f"{self._url}{request.full_path.rstrip('?')}",
                body=request.get_data(),
                headers=_passed(request.headers.items()),
                decode_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ServiceUnavailable(f"The data plane of SageMaker endpoints does not answer: {error}") from error
        return Response(answer.data, answer.status, _passed(answer.headers.items()))


def _passed(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in HOP_BY_HOP}


def create_service(address: str) -> Service:
    """The service as LocalStack runs it; operations that the data plane does not have are not implemented."""
    table = {"InvokeEndpoint": Forwarder(address)}
    return Service(name="sagemaker-runtime", skeleton=Skeleton(load_service("sagemaker-runtime"), table))
