"""Pages of a List operation."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from obsiverse_aws.amp.errors import ValidationException
from obsiverse_aws.store import Resource

DEFAULT_PAGE = 100


def page[R: Resource](
    resources: Iterable[R], request: dict[str, Any], summary: Callable[[R], dict[str, Any]], member: str
) -> dict[str, Any]:
    """The answer to a List request: oldest first.

    Args:
        summary: how one resource stands in the answer.
        member: the answer's member that holds them.
    """
    found = sorted(resources, key=_rank)
    if token := request.get("nextToken"):
        last = _decode(token)
        # A position, not a count: what was deleted since moves nothing to another page.
        found = [one for one in found if _rank(one) > last]
    size = request.get("maxResults", DEFAULT_PAGE)
    more = {"nextToken": _encode(_rank(found[size - 1]))} if len(found) > size else {}
    return {member: [summary(one) for one in found[:size]], **more}


def _rank(resource: Resource) -> tuple[float, str]:
    return resource.created, resource.name


def _encode(position: tuple[float, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _decode(token: str) -> tuple[float, str]:
    try:
        created, name = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError):
        raise ValidationException("Invalid nextToken.") from None
    if not isinstance(created, float) or not isinstance(name, str):
        raise ValidationException("Invalid nextToken.")
    return created, name


def moment(seconds: float) -> datetime:
    """A time for an answer."""
    return datetime.fromtimestamp(seconds, UTC)
