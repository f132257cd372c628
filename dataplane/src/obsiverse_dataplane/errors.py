"""Errors as AWS's data planes answer them; what every AWS API answers: "Common errors" of its API reference."""

# AWS names the shapes, and a class is its shape's name.

from __future__ import annotations

import json
from typing import ClassVar

MESSAGE_MAX = 2048  # characters


class AwsError(Exception):
    """An error answer: HTTP status, code and members, `Message` among them."""

    status: ClassVar[int] = 500
    message_key: ClassVar[str] = "Message"

    def __init__(self, message: str, **members: str | int) -> None:
        super().__init__(message)
        self.members = {**members, self.message_key: message[:MESSAGE_MAX]}

    @property
    def code(self) -> str:
        """The code that clients see, which is the shape's name."""
        return type(self).__name__

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Response headers, without Content-Length."""
        return [(b"content-type", b"application/json"), (b"x-amzn-errortype", self.code.encode())]

    def body(self) -> bytes:
        """Response body."""
        return json.dumps(self.members).encode()


class ServiceUnavailable(AwsError):
    """What it takes to answer is not there now: ask again."""

    status = 503


class InternalFailure(AwsError):
    """A fault of this service."""


class UnknownOperationException(AwsError):
    """No operation of the API has this method and path."""

    status = 404


class MissingAuthenticationTokenException(AwsError):
    """The request is not signed."""

    status = 403
    message_key = "message"


class IncompleteSignatureException(AwsError):
    """The Authorization header is not one of Signature Version 4."""

    status = 400
    message_key = "message"


class InvalidSignatureException(AwsError):
    """The signature is not the one that the key's secret makes of this request, now."""

    status = 403
    message_key = "message"


class UnrecognizedClientException(AwsError):
    """No such access key, or its session token is another."""

    status = 403
    message_key = "message"

    def __init__(self) -> None:
        super().__init__("The security token included in the request is invalid.")


class ExpiredTokenException(AwsError):
    """The temporary credentials are over."""

    status = 403
    message_key = "message"

    def __init__(self) -> None:
        super().__init__("The security token included in the request is expired")
