"""YAML with the place of every key: maps and lists that remember where each of their entries stands."""

# pyright: basic
# ruamel.yaml is typed only in part.

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from obsiverse.compose.errors import ComposeError, Where

MERGE = "<<"
INTEGER = "tag:yaml.org,2002:int"
OCTAL = re.compile(r"0[0-7]+")
STRING = "tag:yaml.org,2002:str"
SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}


class Map(dict[str, Any]):
    """A YAML map; `places` has where each key stands, `where` where the map begins."""

    def __init__(self, where: Where) -> None:
        super().__init__()
        self.where = where
        self.places: dict[str, Where] = {}

    def put(self, key: str, value: Any, where: Where) -> None:
        """Set a key."""
        self[key] = value
        self.places[key] = where

    def place(self, key: str) -> Where:
        """Where a key stands."""
        return self.places.get(key, self.where)


class Seq(list[Any]):
    """A YAML list; `places` has where each item stands."""

    def __init__(self, where: Where) -> None:
        super().__init__()
        self.where = where
        self.places: list[Where] = []

    def add(self, value: Any, where: Where) -> None:
        """Append an item."""
        self.append(value)
        self.places.append(where)


def read(file: Path) -> Map:
    """The map that a YAML file is; not to be changed, since callers that read the same file share it.

    Raises:
        ComposeError: it can't be read, is no YAML, or is no map.
    """
    try:
        status = file.stat()
    except OSError as error:
        raise ComposeError(f"can't be read: {error.strerror}", Where(file, 1)) from None
    try:
        return _read(file, status.st_mtime_ns, status.st_size)
    except RecursionError:
        raise ComposeError("is nested too deeply; flatten it", Where(file, 1)) from None


@cache
def _read(file: Path, _changed: int, _size: int) -> Map:
    yaml = YAML(typ="safe", pure=True)
    try:
        with file.open(encoding="utf-8-sig") as stream:
            node = yaml.compose(stream)
    except OSError as error:
        raise ComposeError(f"can't be read: {error.strerror}", Where(file, 1)) from None
    except UnicodeDecodeError as error:
        raise ComposeError(f"is no UTF-8: {error.reason}", Where(file, 1)) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ComposeError(
            f"is no YAML: {error.problem or error.context}", Where(file, mark.line + 1 if mark else 1)
        ) from None
    except YAMLError as error:
        raise ComposeError(f"is no YAML: {str(error).splitlines()[0]}", Where(file, 1)) from None
    if node is None:
        raise ComposeError("is empty; a Compose file begins with a key such as services:", Where(file, 1))
    value = _Builder(file, yaml.constructor).build(node)
    if not isinstance(value, Map):
        raise ComposeError("is no map: a Compose file begins with a key such as services:", Where(file, 1))
    return value


class _Builder:
    def __init__(self, file: Path, constructor: Any) -> None:
        self._file = file
        self._constructor = constructor
        self._above: set[int] = set()

    def build(self, node: Node) -> Any:
        where = self._where(node)
        if id(node) in self._above:
            raise ComposeError("an anchor holds itself; write the value out", where)
        self._above.add(id(node))
        value = self._build(node, where)
        self._above.discard(id(node))
        return value

    def _build(self, node: Node, where: Where) -> Any:
        if str(node.tag).startswith("!"):
            raise ComposeError(f"the tag {node.tag} is not honoured; leave it out", where)
        if isinstance(node, MappingNode):
            return self._map(node, where)
        if isinstance(node, SequenceNode):
            items = Seq(where)
            for child in node.value:
                items.add(self.build(child), self._where(child))
            return items
        if not isinstance(node, ScalarNode):
            raise ComposeError(f"{node.tag} is not understood", where)
        if node.tag == STRING:
            return node.value
        if node.tag == INTEGER and OCTAL.fullmatch(node.value):
            # YAML 1.2 reads 0440 as 440; Compose keeps the older reading, which file modes need.
            return int(node.value, 8)
        if node.tag not in SCALARS:
            raise ComposeError(f"{node.value!r} is a {str(node.tag).rpartition(':')[2]}; put it in quotes", where)
        try:
            return self._constructor.construct_object(node, deep=True)
        except ValueError:
            raise ComposeError(f"{node.value!r} is no {str(node.tag).rpartition(':')[2]}", where) from None

    def _map(self, node: MappingNode, where: Where) -> Map:
        merged, own = Map(where), Map(where)
        for key_node, value_node in node.value:
            place = self._where(key_node)
            if key_node.value == MERGE and isinstance(key_node, ScalarNode):
                value = self.build(value_node)
                for one in value if isinstance(value, Seq) else [value]:
                    if not isinstance(one, Map):
                        raise ComposeError("<< takes a map, or a list of maps", place)
                    for name, inner in one.items():
                        if name not in merged:
                            merged.put(name, inner, one.place(name))
                continue
            if not isinstance(key_node, ScalarNode) or key_node.tag != STRING:
                raise ComposeError(
                    f"the key {getattr(key_node, 'value', key_node)!r} is no text; put it in quotes", place
                )
            if key_node.value in own:
                raise ComposeError("stands twice in one map", place, key_node.value)
            own.put(key_node.value, self.build(value_node), place)
        for name, inner in merged.items():
            if name not in own:
                own.put(name, inner, merged.place(name))
        return own

    def _where(self, node: Node) -> Where:
        return Where(self._file, node.start_mark.line + 1)


def submap(tree: Map, key: str) -> Map:
    """The map under a key, empty where there is none.

    Raises:
        ComposeError: there is something else.
    """
    value = tree.get(key)
    if value is None:
        return Map(tree.where)
    if not isinstance(value, Map):
        raise ComposeError("takes a map here", tree.place(key), key)
    return value


def plain(value: Any) -> Any:
    """The value in Python's own maps and lists."""
    if isinstance(value, Map):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, Seq):
        return [plain(inner) for inner in value]
    return value


def transform(value: Any, change: Callable[[str, Where, str], Any], key: str = "", where: Where | None = None) -> Any:
    """A copy with every text replaced by what `change(text, where, key path)` returns."""
    if isinstance(value, Map):
        copy = Map(value.where)
        for name, inner in value.items():
            copy.put(
                name, transform(inner, change, f"{key}.{name}" if key else name, value.place(name)), value.place(name)
            )
        return copy
    if isinstance(value, Seq):
        items = Seq(value.where)
        for index, (inner, place) in enumerate(zip(value, value.places, strict=True)):
            items.add(transform(inner, change, f"{key}[{index}]", place), place)
        return items
    if isinstance(value, str) and where is not None:
        return change(value, where, key)
    return value


def locate(root: Map, path: tuple[str | int, ...]) -> Where:
    """Where the value at a path stands, or the nearest above it that is written down."""
    value: Any = root
    where = root.where
    for step in path:
        if isinstance(value, Map) and isinstance(step, str) and step in value:
            where, value = value.place(step), value[step]
        elif isinstance(value, Seq) and isinstance(step, int) and step < len(value):
            where, value = value.places[step], value[step]
        else:
            break
    return where
