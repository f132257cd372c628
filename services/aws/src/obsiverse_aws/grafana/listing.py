"""Pages of a List operation."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from typing import Any

from obsiverse_aws.grafana.errors import refused

DEFAULT_PAGE = 100


def page[T](
    found: Iterable[T],
    request: dict[str, Any],
    rank: Callable[[T], list[Any]],
    summary: Callable[[T], Any],
    member: str,
) -> dict[str, Any]:
    """The answer to a List request.

    Args:
        rank: the position of one in the list, of JSON's types and no two the same.
        summary: how one stands in the answer.
        member: the answer's member that holds them.

    Raises ValidationException for a token that no answer here had.
    """
    left = sorted(found, key=rank)
    if token := request.get("nextToken"):
        last = _decode(token)
        try:
            # A position, not a count: what was deleted since moves nothing to another page.
            left = [one for one in left if rank(one) > last]
        except TypeError:
            raise _invalid() from None
    size = request.get("maxResults", DEFAULT_PAGE)
    more = {"nextToken": _encode(rank(left[size - 1]))} if len(left) > size else {}
    return {member: [summary(one) for one in left[:size]], **more}


def _encode(position: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _decode(token: str) -> list[Any]:
    try:
        position = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, RecursionError):
        raise _invalid() from None
    if not isinstance(position, list):
        raise _invalid()
    return position


def _invalid() -> Exception:
    return refused("nextToken", "Invalid nextToken: it has to be one that an earlier page had.")
