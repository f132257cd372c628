"""List operations: filters, order and pages."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from obsiverse_aws.errors import ValidationException
from obsiverse_aws.sagemaker.models import SageMakerResource

DEFAULT_PAGE = 10


def timestamp(seconds: float | None) -> datetime | None:
    """A time for an answer."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def present(members: dict[str, Any]) -> dict[str, Any]:
    """An answer without the members that have no value."""
    return {name: value for name, value in members.items() if value is not None}


def page[R: SageMakerResource](
    resources: Iterable[R],
    request: dict[str, Any],
    summary: Callable[[R], dict[str, Any]],
    *,
    member: str,
    order: str = "Descending",
) -> dict[str, Any]:
    """The answer to a List request.

    Args:
        summary: how one resource stands in the answer.
        member: the answer's member that holds them.
        order: AWS's default SortOrder for this operation.
    """
    descending = request.get("SortOrder", order) == "Descending"

    def rank(resource: R) -> list[Any]:
        by = request.get("SortBy", "CreationTime")
        first = {"Name": resource.name, "Status": getattr(resource, "status", "")}.get(by, resource.created)
        return [first, resource.name]

    found = sorted((one for one in resources if _matches(one, request)), key=rank, reverse=descending)
    if token := request.get("NextToken"):
        last = _decode(token)
        # A position, not a count: what was added or deleted since moves nothing to another page.
        found = [one for one in found if (rank(one) < last if descending else rank(one) > last)]
    size = request.get("MaxResults", DEFAULT_PAGE)
    more = {"NextToken": _encode(rank(found[size - 1]))} if len(found) > size else {}
    return {member: [summary(one) for one in found[:size]], **more}


def _matches(resource: SageMakerResource, request: dict[str, Any]) -> bool:
    if request.get("NameContains", "").lower() not in resource.name.lower():
        return False
    if request.get("StatusEquals") not in (None, getattr(resource, "status", None)):
        return False
    for member, seconds in (
        ("CreationTime", resource.created),
        ("LastModifiedTime", getattr(resource, "modified", 0.0)),
    ):
        after, before = request.get(f"{member}After"), request.get(f"{member}Before")
        if (after and seconds <= after.timestamp()) or (before and seconds >= before.timestamp()):
            return False
    return True


def _encode(position: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _decode(token: str) -> list[Any]:
    try:
        position = json.loads(base64.urlsafe_b64decode(token.encode()))
        first, name = position
    except (binascii.Error, ValueError, TypeError):
        raise ValidationException("Invalid NextToken.") from None
    if not isinstance(first, str | float) or not isinstance(name, str):
        raise ValidationException("Invalid NextToken.")
    return position
