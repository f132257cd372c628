"""Managed Grafana's errors, with the members of its service model."""

# AWS names the shapes, and a class is its shape's name.

from __future__ import annotations

from typing import ClassVar, Literal

from localstack.aws.api import ServiceException

Reason = Literal["UNKNOWN_OPERATION", "CANNOT_PARSE", "FIELD_VALIDATION_FAILED", "OTHER"]
AGAIN = 5
"""Seconds after which a client may ask again."""


class AccessDeniedException(ServiceException):
    """The caller may not do that."""

    code: ClassVar[str] = "AccessDeniedException"
    status_code: ClassVar[int] = 403
    sender_fault: ClassVar[bool] = True


class ValidationException(ServiceException):
    """The request breaks a constraint.

    Args:
        fields: what is wrong, by the request's members.
    """

    code: ClassVar[str] = "ValidationException"
    status_code: ClassVar[int] = 400
    sender_fault: ClassVar[bool] = True

    def __init__(
        self, message: str, fields: dict[str, str] | None = None, reason: Reason = "FIELD_VALIDATION_FAILED"
    ) -> None:
        listed = [{"name": name, "message": told} for name, told in (fields or {}).items()]
        super().__init__(message, reason=reason, fieldList=listed)


class ServiceQuotaExceededException(ServiceException):
    """A quota is reached.

    Args:
        quota: AWS's code of the quota; the quotas within a workspace have none.
    """

    code: ClassVar[str] = "ServiceQuotaExceededException"
    status_code: ClassVar[int] = 402
    sender_fault: ClassVar[bool] = True

    def __init__(self, message: str, identity: str, kind: str, quota: str = "") -> None:
        super().__init__(message, resourceId=identity, resourceType=kind, serviceCode="grafana", quotaCode=quota)


class InternalServerException(ServiceException):
    """What is behind the API does not do its part; asking again may help."""

    code: ClassVar[str] = "InternalServerException"
    status_code: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        super().__init__(message, retryAfterSeconds=AGAIN)


def refused(field: str, message: str, reason: Reason = "FIELD_VALIDATION_FAILED") -> ValidationException:
    """The error for one member of a request."""
    return ValidationException(message, {field: message}, reason)
