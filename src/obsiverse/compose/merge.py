"""One service or file over another, by Compose's rules: maps merge, lists grow, command and entrypoint replace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from obsiverse.compose.errors import ComposeError
from obsiverse.compose.source import Map, Seq

Path = tuple[str, ...]

REPLACED = frozenset(
    {
        ("command",),
        ("entrypoint",),
        ("healthcheck", "test"),
        ("x-native", "command"),
        ("x-native", "otherwise", "command"),
    }
)
"""Keys of a service whose value, also an empty one, takes the place of the one under it."""
PAIRS = frozenset({("environment",), ("labels",), ("build", "args"), ("build", "labels")})
"""Maps in which a name without a value does so too."""


def _name(item: Any) -> object:
    return item.partition("=")[0] if isinstance(item, str) else item


def _port(port: Map) -> object:
    address = port.get("host_ip") or "0.0.0.0"  # noqa: S104 - Compose's word for any address
    return address, port.get("published"), port.get("target"), port.get("protocol", "tcp")


UNIQUE: dict[str, Callable[[Any], object]] = {
    "ports": _port,
    "volumes": lambda volume: volume.get("target"),
    "configs": lambda config: config.get("target") or f"/{config.get('source')}",
    "secrets": lambda secret: secret.get("target") or f"/run/secrets/{secret.get('source')}",
    "env_file": lambda file: file.get("path"),
    "cap_drop": _name,
    "profiles": _name,
    "tmpfs": _name,
    "extra_hosts": lambda host: host,
}
"""Lists of a service that hold a thing once, by what makes it the same thing; the last one stands in the first one's place."""


def merge(under: Map, over: Map) -> Map:
    """A new file: `over` laid over `under`, both in long form.

    Raises:
        ComposeError: a list stands over a map, or the like.
    """
    result = _maps(_without_services(under), _without_services(over), ("",))
    below, above = under.get("services"), over.get("services")
    if not isinstance(below, Map) or not isinstance(above, Map):
        return result
    services = Map(above.where)
    for name, service in below.items():
        merged = merge_service(service, above[name]) if name in above else service
        services.put(name, merged, (above if name in above else below).place(name))
    for name, service in above.items():
        if name not in below:
            services.put(name, service, above.place(name))
    result.put("services", services, over.place("services"))
    return result


def _without_services(file: Map) -> Map:
    rest = Map(file.where)
    for key, value in file.items():
        if key != "services":
            rest.put(key, value, file.place(key))
    return rest


def merge_service(under: Map, over: Map) -> Map:
    """A new service: `over` laid over `under`, both in long form.

    Raises:
        ComposeError: a list stands over a map, or the like.
    """
    return unique_lists(_maps(under, over, ()))


def unique_lists(service: Map) -> Map:
    """The service with the lists that hold a thing once."""
    result = Map(service.where)
    for key, value in service.items():
        identity = UNIQUE.get(key)
        result.put(key, _unique(value, identity) if identity and isinstance(value, Seq) else value, service.place(key))
    return result


def _maps(under: Map, over: Map, path: Path) -> Map:
    result = Map(over.where)
    for key, value in under.items():
        result.put(key, value, under.place(key))
    for key, value in over.items():
        if key not in result:
            result.put(key, value, over.place(key))
            continue
        merged = _merged(result[key], value, over, (*path, key))
        result.put(key, merged, under.place(key) if merged is result[key] else over.place(key))
    return result


def _merged(before: Any, value: Any, over: Map, path: Path) -> Any:
    if path in REPLACED or path[:-1] in PAIRS or before is None:
        return value
    if value is None:
        return before
    if path == ("logging",) and _drivers_differ(before, value):
        return value
    if isinstance(before, Map) and isinstance(value, Map):
        return _maps(before, value, path)
    if isinstance(before, Seq) and isinstance(value, Seq):
        joined = Seq(value.where)
        for items in (before, value):
            for item, place in zip(items, items.places, strict=True):
                joined.add(item, place)
        return joined
    if isinstance(before, Map | Seq) or isinstance(value, Map | Seq):
        raise ComposeError(
            f"can't stand over what is in {before.where if isinstance(before, Map | Seq) else 'the file under it'}: "
            "write both as a map, as a list or as one value",
            over.place(path[-1]),
            ".".join(part for part in path if part),
        )
    return value


def _drivers_differ(before: Any, value: Any) -> bool:
    drivers = [one.get("driver") for one in (before, value) if isinstance(one, Map)]
    return len(drivers) == 2 and all(drivers) and drivers[0] != drivers[1]


def _unique(items: Seq, identity: Callable[[Any], object]) -> Seq:
    found: dict[str, tuple[Any, Any]] = {}
    for item, place in zip(items, items.places, strict=True):
        # By its repr, since what stands here may not be valid yet, and so not hashable.
        found[repr(identity(item))] = (item, place)
    result = Seq(items.where)
    for item, place in found.values():
        result.add(item, place)
    return result
