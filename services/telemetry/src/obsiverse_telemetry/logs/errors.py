"""CloudWatch Logs' errors, in the shape of its protocol (json 1.1)."""

# AWS names the shapes, and a class is its shape's name.

from __future__ import annotations

import json

from obsiverse_dataplane.errors import AwsError
from starlette.responses import Response

MEDIA_TYPE = "application/x-amz-json-1.1"


class LogsError(AwsError):
    """An error of an operation."""

    status = 400
    message_key = "message"


class InvalidParameterException(LogsError):
    """A parameter is specified incorrectly."""


class ResourceNotFoundException(LogsError):
    """There is no such group, stream or query."""


class ResourceAlreadyExistsException(LogsError):
    """There is one of this name."""


class SerializationException(LogsError):
    """The body is no JSON object."""


class UnknownOperationException(LogsError):
    """No operation of this data plane."""

    status = 501


def answer(error: AwsError) -> Response:
    """An error as clients of json 1.1 read it: its code in the body."""
    body = {"__type": error.code, **error.members}
    headers = {"x-amzn-errortype": error.code}
    return Response(json.dumps(body), error.status, headers, MEDIA_TYPE)
