"""Managed Prometheus's errors, with the members that its service model gives them."""

# AWS names the shapes, and a class is its shape's name.

from __future__ import annotations

from typing import ClassVar

from obsiverse_dataplane.errors import AwsError


class ResourceNotFoundException(AwsError):
    """The caller's account has no such workspace in the region that the request is signed for."""

    status = 404
    message_key = "message"
    resource_type: ClassVar[str] = "workspace"

    def __init__(self, workspace: str) -> None:
        super().__init__("Workspace not found", resourceId=workspace, resourceType=self.resource_type)


class UnknownOperationException(AwsError):
    """No operation of a workspace."""

    status = 501
    message_key = "message"
