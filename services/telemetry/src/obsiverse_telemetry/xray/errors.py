"""X-Ray's own errors. https://docs.aws.amazon.com/xray/latest/api/API_Operations.html"""

from __future__ import annotations

from obsiverse_dataplane.errors import AwsError


class InvalidRequestException(AwsError):
    """A member is missing or wrong."""

    status = 400


class ThrottledException(AwsError):
    """Too many requests."""

    status = 429


class ResourceNotFoundException(AwsError):
    """No such resource."""

    status = 404


class RuleLimitExceededException(AwsError):
    """There are as many sampling rules as there may be."""

    status = 400


class MalformedPolicyDocumentException(AwsError):
    """A resource policy can't be read."""

    status = 400
