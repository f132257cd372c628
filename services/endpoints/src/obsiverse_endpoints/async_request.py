"""An asynchronous request: what InvokeEndpointAsync's headers ask, and where its results go.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from obsiverse_endpoints.errors import ValidationError
from obsiverse_endpoints.routes import AsyncDocument, RouteKey

_PREFIX = b"x-amzn-sagemaker-"
TTL_SECONDS = (60, 21600)
TIMEOUT_SECONDS = (1, 3600)
DEFAULT_TIMEOUT = 900


class AsyncRequest(BaseModel):
    """A request as it is kept until it is done; times are in seconds since the epoch.

    Attributes:
        id: of this request alone, whatever inference id its caller chose.
        headers: what the container gets.
        input, output, failure: S3 URIs; no failure is kept where the endpoint has no place for it.
        expires: when it is given up if no instance has taken it.
        timeout: seconds that the model has.
        config: the endpoint's configuration when the request came.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    account: str
    region: str
    endpoint: str
    inference_id: str
    headers: dict[str, str]
    input: str
    output: str
    failure: str | None
    accepted: float
    expires: float
    timeout: int
    config: AsyncDocument

    @property
    def key(self) -> RouteKey:
        """The endpoint's."""
        return RouteKey(self.account, self.region, self.endpoint)


def read_request(
    headers: Mapping[bytes, bytes], key: RouteKey, config: AsyncDocument | None, now: float
) -> AsyncRequest:
    """The request that these headers (names in lower case) make; raises ValidationError."""
    if config is None:
        raise ValidationError(
            f"Endpoint {key.endpoint} of account {key.account} has no AsyncInferenceConfig. Use InvokeEndpoint for it."
        )
    location = _text(headers, "InputLocation", 1024)
    if location is None:
        raise _violation("null", "inputLocation", "Member must not be null")
    if not location.startswith("s3://") or not location.removeprefix("s3://").partition("/")[2]:
        raise _violation(location, "inputLocation", "Member must be the S3 URI of an object")
    identity = str(uuid.uuid4())
    inference_id = _text(headers, "Inference-Id", 64) or identity
    extension = _text(headers, "S3OutputPathExtension", 1024)
    filename = _text(headers, "Filename", 1024)
    passed = {
        "Content-Type": _text(headers, "Content-Type", 1024),
        "Accept": _text(headers, "Accept", 1024),
        "X-Amzn-SageMaker-Custom-Attributes": _text(headers, "Custom-Attributes", 1024),
        "X-Amzn-SageMaker-Inference-Id": inference_id,
    }
    return AsyncRequest(
        id=identity,
        **key._asdict(),
        inference_id=inference_id,
        headers={name: value for name, value in passed.items() if value},
        input=location,
        output=_place(config.output, extension, filename or f"{identity}.out"),
        failure=_place(config.failure, extension, f"{identity}-error.out") if config.failure else None,
        accepted=now,
        expires=now + _seconds(headers, "RequestTTLSeconds", TTL_SECONDS, TTL_SECONDS[1]),
        timeout=_seconds(headers, "InvocationTimeoutSeconds", TIMEOUT_SECONDS, DEFAULT_TIMEOUT),
        config=config,
    )


def _place(folder: str, extension: str | None, name: str) -> str:
    return "/".join([folder.rstrip("/"), *(part.strip("/") for part in (extension or "", name) if part.strip("/"))])


def _text(headers: Mapping[bytes, bytes], name: str, longest: int) -> str | None:
    raw = headers.get(_PREFIX + name.lower().encode())
    if not raw:
        return None
    member = _member(name)
    if len(raw) > longest:
        raise _violation(raw.decode("latin-1"), member, f"Member must have length less than or equal to {longest}")
    if not raw.isascii():
        raise _violation(raw.decode("latin-1"), member, r"Member must satisfy regular expression pattern: \p{ASCII}*")
    return raw.decode("ascii")


def _seconds(headers: Mapping[bytes, bytes], name: str, bounds: tuple[int, int], default: int) -> int:
    text = _text(headers, name, 20)
    if text is None:
        return default
    if not text.isdigit():
        raise _violation(text, _member(name), "Member must be a number")
    least, most = bounds
    if int(text) > most:
        raise _violation(text, _member(name), f"Member must have value less than or equal to {most}")
    if int(text) < least:
        raise _violation(text, _member(name), f"Member must have value greater than or equal to {least}")
    return int(text)


def _member(name: str) -> str:
    member = name.replace("-", "")
    return member[0].lower() + member[1:]


def _violation(value: str, member: str, constraint: str) -> ValidationError:
    return ValidationError(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    )
