"""Data planes, for clients that know of one address only; others call the data plane itself."""

from __future__ import annotations

import gzip
import json
from typing import Any

import urllib3
from localstack.http import Request, Response
from localstack.http.request import get_raw_path
from werkzeug.exceptions import NotFound

# InvokeEndpoint may take 60 s; its data plane answers for containers that take longer.
TIMEOUT = urllib3.Timeout(connect=2, read=90)
HOP_BY_HOP = {
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class Forwarder:
    """Sends requests on as they came, since the data plane checks their signatures: Host, path and query included.

    Args:
        address: host:port of the data plane.
        scope: the service that requests are signed for.
        plane: what the data plane is of, for the error where it does not answer.
    """

    def __init__(self, address: str, scope: str, plane: str) -> None:
        self._url = f"http://{address}"
        self._scope = scope
        self._plane = plane
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False, maxsize=32)

    def __call__(self, request: Request, **_: str) -> Response:
        """The data plane's answer. Raises NotFound for another service's request, which LocalStack then sees to."""
        if self._is_of_another_service(request):
            raise NotFound
        headers, body = _as_sent(request)
        query = request.query_string.decode("latin-1")
        path = get_raw_path(request)
        try:
            answer = self._http.request(
                request.method,
                f"{self._url}{path}?{query}" if query else f"{self._url}{path}",
                body=body,
                headers=headers,
                decode_content=False,
                preload_content=False,
            )
            # An answer of no known length is a stream, passed on as it comes.
            content = answer.read() if "Content-Length" in answer.headers else answer.stream(decode_content=False)
        except urllib3.exceptions.HTTPError as error:
            message = f"The data plane of {self._plane} does not answer: {error}"
            refusal = Response(json.dumps({"Message": message}), 503, mimetype="application/json")
            refusal.headers["x-amzn-errortype"] = "ServiceUnavailable"
            return refusal
        return Response(content, answer.status, _passed(answer.headers.items()))

    def _is_of_another_service(self, request: Request) -> bool:
        """Whether it is signed for one: S3 has such paths, too, in a bucket of that name."""
        authorization = request.headers.get("Authorization", "") + request.args.get("X-Amz-Credential", "")
        return "/aws4_request" in authorization and f"/{self._scope}/" not in authorization


def _as_sent(request: Request) -> tuple[dict[str, str], bytes]:
    """Headers and body, also where LocalStack stands ready to decompress the body."""
    headers = _passed(request.headers.items())
    stream: Any = request.stream
    if isinstance(stream, gzip.GzipFile):
        compressed: Any = stream.fileobj
        return {**headers, "Content-Encoding": "gzip"}, compressed.read()
    return headers, request.get_data()


def _passed(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in HOP_BY_HOP}
