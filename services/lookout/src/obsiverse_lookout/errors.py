"""Errors in the shape of Grafana's HTTP API: `{"message": …}` with a status, more keys where Grafana has them.

https://grafana.com/docs/grafana/latest/developers/http_api/
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An error to answer with.

    Args:
        status: HTTP's.
        message: what failed and what to do.
        members: further keys of the body.
    """

    def __init__(self, status: int, message: str, /, **members: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, **members}


def unauthorized(message: str, message_id: str) -> ApiError:
    """401 as Grafana's authentication gives it."""
    return ApiError(401, message, messageId=message_id, statusCode=401, traceID="")


def forbidden(needs: str) -> ApiError:
    """403 as Grafana's access control gives it.

    Args:
        needs: the role that would do.
    """
    message = f"You'll need additional permissions to perform this action. Role needed: {needs}"
    return ApiError(403, message, title="Access denied", accessErrorId="ACE0000000000")
