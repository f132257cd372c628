"""MLflow's REST API, of a tracking server by its URL or of SageMaker's managed one by its ARN.

https://mlflow.org/docs/latest/api_reference/rest-api.html. Not through MLflow's own client, which takes seconds to import and pins what
boto3 stands on. What a managed server wants besides (its address, a header, a signature) is from the package sagemaker-mlflow.
"""

from __future__ import annotations

import importlib
import random
import time
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import quote, urlsplit

import httpx

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.place import Place
from obsiverse.promote.redaction import text

ATTEMPTS = 6
TIMEOUT = httpx.Timeout(60, connect=5)
BLOCK = 1 << 20
_AGAIN = {429, 500, 502, 503, 504}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 8.0
_PROXIED = "mlflow-artifacts"


class MLflowRefused(PromoteError):
    """MLflow answered with an error.

    Attributes:
        code: its `error_code`.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


class MLflow:
    """A tracking server and its registry.

    Args:
        place: whose `mlflow` it is.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self.uri = place.target.mlflow
        managed = self.uri.startswith("arn:")
        self._url = f"https://{self.uri.split(':')[3]}.experiments.sagemaker.aws" if managed else self.uri.rstrip("/")
        self._headers = {"x-mlflow-sm-tracking-server-arn": self.uri} if managed else {}
        self._managed = managed
        # Certificates take a tenth of a second to load.
        self._client = httpx.Client(timeout=TIMEOUT, verify=self._url.startswith("https:"))

    def get(self, path: str, **parameters: Any) -> Any:
        """What is at a path under /api/2.0/mlflow; None where MLflow has no such thing. Raises PromoteError."""
        try:
            return self._json("GET", f"mlflow/{path}", parameters=parameters)
        except MLflowRefused as refused:
            if refused.code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def post(self, path: str, *, once: bool = False, **body: Any) -> Any:
        """POST under /api/2.0/mlflow; `once` for what must not be done twice. Raises PromoteError."""
        return self._json("POST", f"mlflow/{path}", body, attempts=1 if once else ATTEMPTS)

    def patch(self, path: str, **body: Any) -> Any:
        """PATCH under /api/2.0/mlflow. Raises PromoteError."""
        return self._json("PATCH", f"mlflow/{path}", body)

    def delete(self, path: str, **body: Any) -> None:
        """DELETE under /api/2.0/mlflow; nothing where it is gone. Raises PromoteError."""
        try:
            self._json("DELETE", f"mlflow/{path}", body)
        except MLflowRefused as refused:
            if refused.code != "RESOURCE_DOES_NOT_EXIST":
                raise

    def pages(self, path: str, member: str, **parameters: Any) -> Iterator[Any]:
        """What a search lists, over all its pages."""
        token: dict[str, str] = {}
        while True:
            page = self._json("GET", f"mlflow/{path}", parameters={**parameters, **token})
            yield from page.get(member, [])
            if not page.get("next_page_token"):
                return
            token = {"page_token": page["next_page_token"]}

    def files(self, uri: str) -> Iterator[str]:
        """Paths of the files below an artifact's address, relative to it. Raises PromoteError."""
        kind, bucket, key = _split(uri)
        if kind == "s3":
            listing = self._place.client("s3").get_paginator("list_objects_v2")
            for page in listing.paginate(Bucket=bucket, Prefix=f"{key}/"):
                yield from (one["Key"].removeprefix(f"{key}/") for one in page.get("Contents", []))
            return
        below = [""]
        while below:
            folder = below.pop()
            listed = self._json("GET", f"{_PROXIED}/artifacts", parameters={"path": f"{key}/{folder}".rstrip("/")})
            for one in listed.get("files", []):
                path = f"{folder}/{one['path']}".lstrip("/")
                if one.get("is_dir"):
                    below.append(path)
                else:
                    yield path

    def download(self, uri: str, path: str, file: IO[bytes]) -> None:
        """Write a file below an artifact's address to an open one. Raises PromoteError."""
        kind, bucket, key = _split(uri)
        if kind == "s3":
            self._place.client("s3").download_fileobj(bucket, f"{key}/{path}", file)
            return
        answer = self._send("GET", f"{_PROXIED}/artifacts/{quote(f'{key}/{path}')}", stream=True)
        for block in answer.iter_bytes(BLOCK):
            file.write(block)
        answer.close()

    def upload(self, uri: str, path: str, file: IO[bytes]) -> None:
        """Put a file below an artifact's address. Raises PromoteError."""
        kind, bucket, key = _split(uri)
        if kind == "s3":
            extra = {"ChecksumAlgorithm": "SHA256"}
            self._place.client("s3").upload_fileobj(file, bucket, f"{key}/{path}", ExtraArgs=extra)
            return
        self._send("PUT", f"{_PROXIED}/artifacts/{quote(f'{key}/{path}')}", file=file)

    def _json(self, method: str, path: str, body: Any = None, parameters: Any = None, attempts: int = ATTEMPTS) -> Any:
        answer = self._send(method, path, body, parameters, attempts=attempts)
        return answer.json() if answer.content else None

    def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        parameters: Any = None,
        file: IO[bytes] | None = None,
        attempts: int = ATTEMPTS,
        stream: bool = False,
    ) -> httpx.Response:
        pause, url = _FIRST_PAUSE, f"{self._url}/api/2.0/{path}"
        for attempt in range(1, attempts + 1):
            if file is not None:
                file.seek(0)
            request = self._client.build_request(
                method, url, params=parameters, json=body, content=file and iter(lambda: file.read(BLOCK), b"")
            )
            try:
                answer = self._client.send(self._signed(request), stream=stream)
            except httpx.TransportError as error:
                if attempt == attempts:
                    hint = (
                        "Is it there, and is the network between? Or leave models out: promote.registered_models: []."
                    )
                    raise PromoteError(f"MLflow at {self.uri} does not answer: {error!r}", hint) from None
            else:
                if answer.status_code < 400:
                    return answer
                if answer.status_code not in _AGAIN or attempt == attempts:
                    answer.read()
                    raise _refused(answer, method, path)
            time.sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter
            pause = min(pause * 2, _LONGEST_PAUSE)
        raise AssertionError("unreachable")

    def _signed(self, request: httpx.Request) -> httpx.Request:
        if not self._managed:
            return request
        content = request.read()
        signed = importlib.import_module("botocore.awsrequest").AWSRequest(
            method=request.method, url=str(request.url).replace("+", "%20"), data=content, headers=self._headers
        )
        sign = importlib.import_module("botocore.auth").SigV4Auth
        sign(self._place.credentials(), "sagemaker-mlflow", self.uri.split(":")[3]).add_auth(signed)
        headers = {**dict(signed.headers.items())}
        if "content-type" in request.headers:
            headers["Content-Type"] = request.headers["content-type"]
        return self._client.build_request(request.method, signed.url, content=content, headers=headers)


def _split(uri: str) -> tuple[str, str, str]:
    """Kind, bucket and path of an artifact's address."""
    parts = urlsplit(uri)
    if parts.scheme not in ("s3", _PROXIED):
        raise PromoteError(
            f"artifacts at {uri} can't be read from elsewhere",
            "Have the tracking server keep them in S3, or serve them.",
        )
    return parts.scheme, parts.netloc, parts.path.strip("/")


def _refused(answer: httpx.Response, method: str, path: str) -> MLflowRefused:
    try:
        said = answer.json()
        code, message = str(said.get("error_code", "")), str(said.get("message", answer.text))
    except (ValueError, AttributeError):
        code, message = "", answer.text
    hint = (
        "See sagemaker-mlflow in the policy that `promote export policy` prints." if answer.status_code == 403 else ""
    )
    return MLflowRefused(code, f"MLflow answers {answer.status_code} to {method} {path}: {text(message[:500])}", hint)
