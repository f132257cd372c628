"""One service or file over another, by Compose's rules: maps merge, lists grow, command and entrypoint replace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from obsiverse.compose.source import Map, Seq

REPLACED = frozenset({"command", "entrypoint", "test"})
Identity = Callable[[Map], object]

UNIQUE: dict[str, Identity] = {
    "ports": lambda port: (port.get("host_ip"), port.get("published"), port.get("target"), port.get("protocol", "tcp")),
    "volumes": lambda volume: volume.get("target"),
    "configs": lambda config: config.get("target") or config.get("source"),
    "secrets": lambda secret: secret.get("target") or secret.get("source"),
}


def merge(under: Map, over: Map) -> Map:
    """A new map: `over` laid over `under`."""
    result = Map(over.where)
    for key, value in under.items():
        result.put(key, value, under.place(key))
    for key, value in over.items():
        before = result.get(key)
        result.put(key, _merged(key, before, value), over.place(key))
    return result


def _merged(key: str, before: Any, value: Any) -> Any:
    if isinstance(before, Map) and isinstance(value, Map):
        return merge(before, value)
    if not isinstance(before, Seq) or not isinstance(value, Seq) or key in REPLACED:
        return before if value is None and before is not None else value
    if key in UNIQUE:
        return _unique(before, value, UNIQUE[key])
    result = Seq(value.where)
    for items in (before, value):
        for item, place in zip(items, items.places, strict=True):
            if item not in result:
                result.add(item, place)
    return result


def _unique(before: Seq, value: Seq, identity: Identity) -> Seq:
    found: dict[object, tuple[Any, Any]] = {}
    for items in (before, value):
        for item, place in zip(items, items.places, strict=True):
            known = identity(item) if isinstance(item, Map) else item
            found[known] = (item, place)
    result = Seq(value.where)
    for item, place in found.values():
        result.add(item, place)
    return result
