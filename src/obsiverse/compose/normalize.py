"""Short forms made long, so that files merge and validate in one form. Works on the trees of `source`."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from obsiverse.compose import ports, shellwords
from obsiverse.compose.errors import ComposeError, Where
from obsiverse.compose.scalars import text
from obsiverse.compose.source import Map, Seq

REMOTE = ("http://", "https://", "git://", "ssh://", "git@", "github.com/", "docker-image://", "oci-layout://")
ENV_FILE_KEYS = frozenset({"path", "required"})


def normalize_service(service: Map, name: str, base: Path, values: Mapping[str, str]) -> Map:
    """The long form of a service.

    Args:
        base: the folder that its relative paths start from.
        values: what a variable that is only named in `environment` or `build.args` stands for.

    Raises:
        ComposeError: a value has neither its short nor its long form.
    """
    changes: dict[str, Callable[[Any, Where, str], Any]] = {
        "environment": lambda value, where, key: _resolved(_pairs(value, where, key), values),
        "labels": _labels,
        "extra_hosts": _hosts,
        "build": lambda value, where, key: _build(value, where, key, base, values),
        "command": _command,
        "entrypoint": _command,
        "depends_on": _depends_on,
        "networks": _names,
        "ports": _ports,
        "volumes": lambda value, where, key: _volumes(value, where, key, base),
        "configs": _mounts,
        "secrets": _mounts,
        "env_file": lambda value, where, key: _env_files(value, where, key, base),
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


def normalize_resource(kind: str, name: str, resource: Any, where: Where, base: Path) -> Map:
    """The long form of an entry of top-level configs, secrets, volumes or networks: its file made absolute.

    Raises:
        ComposeError: it is no map.
    """
    key = f"{kind}.{name}"
    if resource is None:
        return Map(where)
    if not isinstance(resource, Map):
        raise ComposeError("takes a map here", where, key)
    if isinstance(resource.get("file"), str):
        resource.put("file", str(absolute(resource["file"], base)), resource.place("file"))
    if resource.get("labels") is not None:
        resource.put(
            "labels",
            _labels(resource["labels"], resource.place("labels"), f"{key}.labels"),
            resource.place("labels"),
        )
    return resource


def absolute(path: str, base: Path) -> Path:
    """A path made absolute, with ~ resolved; links are kept as they are written."""
    return Path(os.path.normpath(base / Path(path).expanduser())) if path else base


def _pairs(value: Any, where: Where, key: str) -> Map:
    """NAME=value, as a map or a list; None where only a name stands."""
    result = Map(where)
    if isinstance(value, Map):
        for name, inner in value.items():
            place = value.place(name)
            result.put(name, None if inner is None else _scalar(inner, place, f"{key}.{name}"), place)
        return result
    for item, place in _items(value, where, key):
        name, sign, inner = _scalar(item, place, key).partition("=")
        result.put(name, inner if sign else None, place)
    return result


def _labels(value: Any, where: Where, key: str) -> Map:
    pairs = _pairs(value, where, key)
    for name, inner in pairs.items():
        if inner is None:
            pairs[name] = ""
    return pairs


def _resolved(pairs: Map, values: Mapping[str, str]) -> Map:
    for name, inner in pairs.items():
        if inner is None:
            pairs[name] = values.get(name)
    return pairs


def _hosts(value: Any, where: Where, key: str) -> Seq:
    result = Seq(where)
    pairs: list[tuple[str, Any, Where]] = []
    if isinstance(value, Map):
        pairs = [
            (name, one, value.place(name))
            for name, inner in value.items()
            for one in (inner if isinstance(inner, Seq) else [inner])
        ]
    else:
        for item, place in _items(value, where, key):
            host = _scalar(item, place, key)
            name, sign, address = host.partition("=" if "=" in host else ":")
            if not sign:
                raise ComposeError(f"{item!r} is no host; write it as host=address", place, key)
            pairs.append((name, address, place))
    for name, address, place in pairs:
        result.add(f"{name}={_scalar(address, place, key).removeprefix('[').removesuffix(']')}", place)
    return result


def _build(value: Any, where: Where, key: str, base: Path, values: Mapping[str, str]) -> Map:
    result = Map(where)
    if isinstance(value, str):
        result.put("context", _context(value, base), where)
        return result
    if not isinstance(value, Map):
        raise ComposeError("takes a folder or a map here", where, key)
    for name, inner in value.items():
        place = value.place(name)
        inner_key = f"{key}.{name}"
        if name == "context" and isinstance(inner, str):
            inner = _context(inner, base)
        elif name == "args" and inner is not None:
            inner = _resolved(_pairs(inner, place, inner_key), values)
        elif name == "labels" and inner is not None:
            inner = _labels(inner, place, inner_key)
        elif name == "additional_contexts" and inner is not None:
            inner = _pairs(inner, place, inner_key)
            for one, context in inner.items():
                inner[one] = _context(context or "", base)
        result.put(name, inner, place)
    return result


def _context(context: str, base: Path) -> str:
    return context if context.startswith(REMOTE) else str(absolute(context, base))


def _command(value: Any, where: Where, key: str) -> Any:
    if not isinstance(value, str):
        return value
    result = Seq(where)
    try:
        words = shellwords.split(value)
    except ValueError as error:
        raise ComposeError(f"{value!r} is no command: {error}", where, key) from None
    for word in words:
        result.add(word, where)
    return result


def _depends_on(value: Any, where: Where, key: str) -> Map:
    if isinstance(value, Map):
        return value
    result = Map(where)
    for item, place in _items(value, where, key):
        long = Map(place)
        long.put("condition", "service_started", place)
        long.put("required", True, place)
        result.put(_scalar(item, place, key), long, place)
    return result


def _names(value: Any, where: Where, key: str) -> Map:
    if isinstance(value, Map):
        return value
    result = Map(where)
    for item, place in _items(value, where, key):
        result.put(_scalar(item, place, key), None, place)
    return result


def _ports(value: Any, where: Where, key: str) -> Seq:
    result = Seq(where)
    for item, place in _items(value, where, key):
        if isinstance(item, Map):
            if isinstance(item.get("published"), int):
                item.put("published", str(item["published"]), item.place("published"))
            result.add(item, place)
            continue
        try:
            expanded = ports.parse(_scalar(item, place, key))
        except ValueError as error:
            raise ComposeError(str(error), place, key) from None
        for port in expanded:
            long = Map(place)
            for name, inner in port.items():
                long.put(name, inner, place)
            result.add(long, place)
    return result


def _volumes(value: Any, where: Where, key: str, base: Path) -> Seq:
    result = Seq(where)
    for item, place in _items(value, where, key):
        if not isinstance(item, Map):
            result.add(_volume(_scalar(item, place, key), place, key, base), place)
            continue
        if item.get("type") == "bind" and isinstance(item.get("source"), str):
            item.put("source", str(absolute(item["source"], base)), item.place("source"))
        if isinstance(item.get("target"), str):
            item.put("target", posixpath.normpath(item["target"]), item.place("target"))
        result.add(item, place)
    return result


def _volume(short: str, place: Where, key: str, base: Path) -> Map:
    parts = short.split(":")
    if len(parts) > 3 or not all(parts):
        raise ComposeError(f"{short!r} is no volume; write it as source:/target or source:/target:ro", place, key)
    long = Map(place)
    if len(parts) == 1:
        long.put("type", "volume", place)
        long.put("target", posixpath.normpath(parts[0]), place)
        long.put("volume", Map(place), place)
        return long
    source, target = parts[0], posixpath.normpath(parts[1])
    if len(source) == 1 and source.isalpha():
        raise ComposeError(
            f"Compose takes {source}: in {short!r} for a drive; give the volume a longer name", place, key
        )
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
            long.put("source", _scalar(item, place, key), place)
        result.add(long, place)
    return result


def _env_files(value: Any, where: Where, key: str, base: Path) -> Seq:
    result = Seq(where)
    for item, place in _items(value, where, key):
        long = item if isinstance(item, Map) else Map(place)
        if not isinstance(item, Map):
            long.put("path", _scalar(item, place, key), place)
        for name in long:
            if name not in ENV_FILE_KEYS:
                raise ComposeError("is not honoured; leave it out", long.place(name), f"{key}.{name}")
        if not isinstance(long.get("path"), str) or not isinstance(long.get("required", True), bool):
            raise ComposeError("takes {path: FILE, required: true or false}", place, key)
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
    if value is False:
        return value
    if not isinstance(value, Map):
        raise ComposeError("takes a map here, or false for a service that is in Docker only", where, key)
    for name in ("project", "working_dir"):
        if isinstance(value.get(name), str):
            value.put(name, str(absolute(value[name], base)), value.place(name))
    if value.get("environment") is not None:
        place = value.place("environment")
        value.put("environment", _pairs(value["environment"], place, f"{key}.environment"), place)
    pages = value.get("pages")
    if isinstance(pages, Map):
        for name, folder in pages.items():
            if isinstance(folder, str):
                pages[name] = str(absolute(folder, base))
    if isinstance(value.get("otherwise"), Map):
        value.put(
            "otherwise",
            _native(value["otherwise"], value.place("otherwise"), f"{key}.otherwise", base),
            value.place("otherwise"),
        )
    return value


def _list(value: Any, where: Where, key: str) -> Seq:
    result = Seq(where)
    for item, place in _items(value, where, key):
        result.add(item, place)
    return result


def _scalar(value: Any, where: Where, key: str) -> str:
    if not isinstance(value, bool | int | float | str):
        raise ComposeError(f"takes a text or a number here, not {_kind(value)}", where, key)
    return text(value)


def _kind(value: Any) -> str:
    return "a map" if isinstance(value, Map) else "a list" if isinstance(value, Seq) else "nothing"


def _items(value: Any, where: Where, key: str) -> list[tuple[Any, Where]]:
    if isinstance(value, Seq):
        return list(zip(value, value.places, strict=True))
    if isinstance(value, Map):
        raise ComposeError("takes a list here, not a map", where, key)
    return [(value, where)]
