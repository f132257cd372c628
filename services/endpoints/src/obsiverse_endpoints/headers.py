"""The headers that pass: InvokeEndpoint's own and no others, in either direction, as on AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from obsiverse_endpoints.errors import ValidationError


class _Header(NamedTuple):
    name: str
    member: str
    max_length: int


# The request's members with a header, and the longest value that the service model allows, in characters.
REQUEST_HEADERS: dict[bytes, _Header] = {
    header.name.lower().encode(): header
    for header in (
        _Header("Content-Type", "contentType", 1024),
        _Header("Accept", "accept", 1024),
        _Header("X-Amzn-SageMaker-Custom-Attributes", "customAttributes", 1024),
        _Header("X-Amzn-SageMaker-Target-Model", "targetModel", 1024),
        _Header("X-Amzn-SageMaker-Target-Variant", "targetVariant", 63),
        _Header("X-Amzn-SageMaker-Target-Container-Hostname", "targetContainerHostname", 63),
        _Header("X-Amzn-SageMaker-Inference-Id", "inferenceId", 64),
        _Header("X-Amzn-SageMaker-Enable-Explanations", "enableExplanations", 64),
        _Header("X-Amzn-SageMaker-Inference-Component", "inferenceComponentName", 63),
        _Header("X-Amzn-SageMaker-Session-Id", "sessionId", 256),
        _Header("X-Amzn-SageMaker-Prefix-Aware-Id", "prefixAwareId", 64),
    )
}

# A container's headers that reach the client, with their names on the wire.
RESPONSE_HEADERS: tuple[tuple[str, bytes], ...] = tuple(
    (name, name.lower().encode())
    for name in (
        "Content-Type",
        "X-Amzn-SageMaker-Custom-Attributes",
        "X-Amzn-SageMaker-New-Session-Id",
        "X-Amzn-SageMaker-Closed-Session-Id",
    )
)


def forwarded(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """What the container gets of a request's headers (names in lower case).

    A traceparent inside the custom attributes passes with them. Raises ValidationError for a value out of bounds.
    """
    passed: dict[str, str] = {}
    for wire, value in headers.items():
        header = REQUEST_HEADERS.get(wire)
        if header is None:
            continue
        if len(value) > header.max_length:
            raise _violation(header, value, f"Member must have length less than or equal to {header.max_length}")
        if not value.isascii():
            raise _violation(header, value, r"Member must satisfy regular expression pattern: \p{ASCII}*")
        passed[header.name] = value.decode("ascii")
    return passed


def _violation(header: _Header, value: bytes, constraint: str) -> ValidationError:
    shown = value.decode("latin-1")
    return ValidationError(
        f"1 validation error detected: Value '{shown}' at '{header.member}' failed to satisfy constraint: {constraint}"
    )
