"""JSON that others wrote: what should be an object or a list, and may be anything."""

from __future__ import annotations

from typing import Any, cast


def mapping(value: object) -> dict[str, Any]:
    """An object; an empty one for everything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def listing(value: object) -> list[Any]:
    """A list; an empty one for everything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []
