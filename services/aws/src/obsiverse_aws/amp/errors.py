"""Managed Prometheus's errors, with the members of its service model."""

# AWS names the shapes, and a class is its shape's name.

from __future__ import annotations

from typing import ClassVar

from localstack.aws.api import ServiceException


class ValidationException(ServiceException):
    """The request breaks a constraint."""

    code: ClassVar[str] = "ValidationException"
    status_code: ClassVar[int] = 400
    sender_fault: ClassVar[bool] = True

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="FIELD_VALIDATION_FAILED")
