"""Errors that AWS's newer services have alike; each names the resource."""

# AWS names the shapes, and a class is its shape's name.

from __future__ import annotations

from typing import ClassVar

from localstack.aws.api import ServiceException


class ResourceNotFoundException(ServiceException):
    """There is no such resource in the caller's account and region."""

    code: ClassVar[str] = "ResourceNotFoundException"
    status_code: ClassVar[int] = 404
    sender_fault: ClassVar[bool] = True

    def __init__(self, message: str, identity: str, kind: str) -> None:
        super().__init__(message, resourceId=identity, resourceType=kind)


class ConflictException(ServiceException):
    """The resource is there already, or on its way to another status."""

    code: ClassVar[str] = "ConflictException"
    status_code: ClassVar[int] = 409
    sender_fault: ClassVar[bool] = True

    def __init__(self, message: str, identity: str, kind: str) -> None:
        super().__init__(message, resourceId=identity, resourceType=kind)
