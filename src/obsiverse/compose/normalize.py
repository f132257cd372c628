"""Short forms made long, so that files merge and validate in one form. Works on the trees of `source`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from obsiverse.compose.errors import ComposeError, Where
from obsiverse.compose.source import Map, Seq

PORT = re.compile(
    r"(?:(?P<ip>\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:]+\]):)?(?:(?P<published>\d*(?:-\d+)?):)?(?P<target>\d+)(?:/(?P<protocol>tcp|udp))?"
)


def normalize_service(service: Map, name: str, base: Path) -> Map:
    """The long form of a service.

    Args:
        base: the folder that its relative paths start from.

    Raises:
        ComposeError: a value has neither its short nor its long form.
    """
    changes: dict[str, Callable[[Any, Where, str], Any]] = {
        "environment": _pairs,
        "labels": _pairs,
        "extra_hosts": _hosts,
        "build": lambda value, where, _: _build(value, where, base),
        "command": _command,
        "entrypoint": _command,
        "depends_on": _depends_on,
        "networks": _names,
        "ports": _ports,
        "volumes": lambda value, where, key: _volumes(value, where, key, base),
        "configs": _mounts,
        "secrets": _mounts,
        "env_file": lambda value, where, _: _env_files(value, where, base),
        "healthcheck": _healthcheck,
        "tmpfs": _list,
        "x-native": lambda value, where, key: _native(value, where, key, base),
    }
    result = Map(service.where)
    for key, value in service.items():
        where = service.place(key)
        path = f"services.{name}.{key}"
        change = changes.get(key)
        result.put(key, change(value, where, path) if change and value is not None else value, where)
    return result


def normalize_resource(resource: Any, where: Where, base: Path) -> Any:
    """The long form of an entry of top-level configs or secrets: its file made absolute."""
    if isinstance(resource, Map) and isinstance(resource.get("file"), str):
        resource.put("file", str(absolute(resource["file"], base)), resource.place("file"))
    return Map(where) if resource is None else resource


def absolute(path: str, base: Path) -> Path:
    """A path made absolute, with ~ resolved."""
    return Path((base / Path(path).expanduser()).as_posix()).absolute().resolve() if path else base


def text(value: Any) -> str:
    """A scalar as Compose turns it to text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _pairs(value: Any, where: Where, key: str) -> Map:
    if isinstance(value, Map):
        result = Map(where)
        for name, inner in value.items():
            if isinstance(inner, Map | Seq):
                raise ComposeError(f"{name} is no text", value.place(name), key)
            result.put(name, None if inner is None else text(inner), value.place(name))
        return result
    result = Map(where)
    for item, place in _items(value, where, key):
        name, sign, inner = text(item).partition("=")
        result.put(name, inner if sign else ("" if key.endswith("labels") else None), place)
    return result


def _hosts(value: Any, where: Where, key: str) -> Map:
    result = Map(where)
    if isinstance(value, Map):
        for name, inner in value.items():
            result.put(name, inner, value.place(name))
        return result
    for item, place in _items(value, where, key):
        name, sign, address = (
            re.sub("=", ":", str(item), count=1).partition(":") if "=" in str(item) else str(item).partition(":")
        )
        if not sign:
            raise ComposeError(f"{item!r} is not host:address", place, key)
        result.put(name, address, place)
    return result


def _build(value: Any, where: Where, base: Path) -> Map:
    result = Map(where)
    if isinstance(value, str):
        result.put("context", str(absolute(value, base)), where)
        return result
    if not isinstance(value, Map):
        raise ComposeError("build is a folder or a map", where)
    for name, inner in value.items():
        place = value.place(name)
        if name == "context" and isinstance(inner, str):
            inner = str(absolute(inner, base))
        elif name in ("args", "labels") and inner is not None:
            inner = _pairs(inner, place, f"build.{name}")
        result.put(name, inner, place)
    if "context" not in result:
        result.put("context", str(base), where)
    return result


def _command(value: Any, where: Where, key: str) -> Any:
    if isinstance(value, str):
        import shlex

        try:
            words = shlex.split(value)
        except ValueError as error:
            raise ComposeError(f"{value!r} is no command: {error}", where, key) from None
        result = Seq(where)
        for word in words:
            result.add(word, where)
        return result
    return value


def _depends_on(value: Any, where: Where, key: str) -> Map:
    result = Map(where)
    if isinstance(value, Map):
        for name, inner in value.items():
            result.put(name, inner if inner is not None else Map(value.place(name)), value.place(name))
        return result
    for item, place in _items(value, where, key):
        long = Map(place)
        long.put("condition", "service_started", place)
        result.put(str(item), long, place)
    return result


def _names(value: Any, where: Where, key: str) -> Map:
    if isinstance(value, Map):
        return value
    result = Map(where)
    for item, place in _items(value, where, key):
        result.put(str(item), None, place)
    return result


def _ports(value: Any, where: Where, key: str) -> Seq:
    result = Seq(where)
    for item, place in _items(value, where, key):
        if isinstance(item, Map):
            if isinstance(item.get("published"), int):
                item.put("published", str(item["published"]), item.place("published"))
            result.add(item, place)
            continue
        found = PORT.fullmatch(text(item))
        if found is None:
            raise ComposeError(f"{item!r} is no port; write it as 8080:80 or 127.0.0.1:8080:80", place, key)
        long = Map(place)
        long.put("target", int(found["target"]), place)
        if found["published"]:
            long.put("published", found["published"], place)
        if found["ip"]:
            long.put("host_ip", found["ip"].strip("[]"), place)
        if found["protocol"]:
            long.put("protocol", found["protocol"], place)
        result.add(long, place)
    return result


def _volumes(value: Any, where: Where, key: str, base: Path) -> Seq:
    result = Seq(where)
    for item, place in _items(value, where, key):
        if isinstance(item, Map):
            if item.get("type") == "bind" and isinstance(item.get("source"), str):
                item.put("source", str(absolute(item["source"], base)), item.place("source"))
            result.add(item, place)
            continue
        result.add(_volume(text(item), place, key, base), place)
    return result


def _volume(short: str, place: Where, key: str, base: Path) -> Map:
    parts = short.split(":")
    long = Map(place)
    if len(parts) == 1:
        long.put("type", "volume", place)
        long.put("target", parts[0], place)
        long.put("volume", Map(place), place)
        return long
    if len(parts) > 3:
        raise ComposeError(f"{short!r} is no volume; write it as source:/target or source:/target:ro", place, key)
    source, target = parts[0], parts[1]
    bind = source.startswith((".", "/", "~"))
    long.put("type", "bind" if bind else "volume", place)
    long.put("source", str(absolute(source, base)) if bind else source, place)
    long.put("target", target, place)
    options = Map(place)
    if bind:
        options.put("create_host_path", True, place)
    long.put("bind" if bind else "volume", options, place)
    for option in parts[2].split(",") if len(parts) == 3 else []:
        if option == "ro":
            long.put("read_only", True, place)
        elif option != "rw":
            raise ComposeError(f"the option {option!r} of {short!r} is not honoured; use ro or rw", place, key)
    return long


def _mounts(value: Any, where: Where, key: str) -> Seq:
    result = Seq(where)
    for item, place in _items(value, where, key):
        long = item if isinstance(item, Map) else Map(place)
        if not isinstance(item, Map):
            long.put("source", text(item), place)
        result.add(long, place)
    return result


def _env_files(value: Any, where: Where, base: Path) -> Seq:
    result = Seq(where)
    for item, place in _items(value, where, "env_file"):
        long = item if isinstance(item, Map) else Map(place)
        if not isinstance(item, Map):
            long.put("path", text(item), place)
        if isinstance(long.get("path"), str):
            long.put("path", str(absolute(long["path"], base)), long.place("path"))
        result.add(long, place)
    return result


def _healthcheck(value: Any, where: Where, key: str) -> Any:
    if isinstance(value, Map) and isinstance(value.get("test"), str):
        place = value.place("test")
        test = Seq(place)
        test.add("CMD-SHELL", place)
        test.add(value["test"], place)
        value.put("test", test, place)
    return value


def _native(value: Any, where: Where, key: str, base: Path) -> Any:
    if not isinstance(value, Map):
        raise ComposeError("x-native is a map", where, key)
    for name in ("project", "working_dir"):
        if isinstance(value.get(name), str):
            value.put(name, str(absolute(value[name], base)), value.place(name))
    if value.get("environment") is not None:
        value.put(
            "environment",
            _pairs(value["environment"], value.place("environment"), f"{key}.environment"),
            value.place("environment"),
        )
    return value


def _list(value: Any, where: Where, key: str) -> Seq:
    result = Seq(where)
    for item, place in _items(value, where, key):
        result.add(item, place)
    return result


def _items(value: Any, where: Where, key: str) -> list[tuple[Any, Where]]:
    if isinstance(value, Seq):
        return list(zip(value, value.places, strict=True))
    if isinstance(value, Map):
        raise ComposeError("takes a list here, not a map", where, key)
    return [(value, where)]
