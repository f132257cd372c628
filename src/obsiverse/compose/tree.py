"""Compose files to one tree in long form: read, interpolate, extend, include, merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from obsiverse.compose import dotenv, source
from obsiverse.compose.errors import ComposeError, Where
from obsiverse.compose.interpolate import Variables
from obsiverse.compose.merge import merge, merge_service, unique_lists
from obsiverse.compose.native import AddressDefault
from obsiverse.compose.normalize import absolute, normalize_resource, normalize_service
from obsiverse.compose.source import Map, Seq, submap

RESOURCES = ("configs", "secrets", "volumes", "networks")
TOP_LEVEL = frozenset({"name", "version", "services", "include", *RESOURCES})
INCLUDE_KEYS = frozenset({"path", "project_directory", "env_file"})
EXTENDS_KEYS = frozenset({"service", "file"})


@dataclass(frozen=True)
class _Source:
    """A file on its way into the tree: the folder its paths start from, and what its variables stand for."""

    file: Path
    base: Path
    values: Mapping[str, str]


@dataclass
class Reader:
    """Reads Compose files.

    Attributes:
        warnings: grows by what the user should know.
        defaults: grows by the defaults that were taken.
        from_environment: what configs and secrets take from the environment, by kind and name.
    """

    warnings: list[str] = field(default_factory=list[str])
    defaults: list[AddressDefault] = field(default_factory=list[AddressDefault])
    from_environment: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def read(self, files: Sequence[Path], base: Path, values: Mapping[str, str]) -> Map:
        """The files as one tree, the later laid over the earlier.

        Args:
            base: the folder that relative paths start from.
            values: what variables stand for.

        Raises:
            ComposeError: a file is not there, is no Compose file, or includes or extends itself.
        """
        return self._files(files, base, values, ())

    def dotenv(self, file: Path, values: Mapping[str, str]) -> dict[str, str]:
        """The variables of a file with the given ones over them."""
        return {**dotenv.read(file, values, warnings=self.warnings), **values}

    def _files(self, files: Sequence[Path], base: Path, values: Mapping[str, str], above: tuple[Path, ...]) -> Map:
        root: Map | None = None
        for file in files:
            one = self._file(_Source(file, base, values), above)
            root = one if root is None else merge(root, one)
        assert root is not None
        for service in submap(root, "services").values():
            build = service.get("build")
            if isinstance(build, Map) and "context" not in build:
                build.put("context", str(base), service.place("build"))
        return root

    def _file(self, origin: _Source, above: tuple[Path, ...]) -> Map:
        tree = self._interpolated(origin)
        for key in tree:
            if key not in TOP_LEVEL and not key.startswith("x-"):
                raise ComposeError(
                    "is not honoured at the top of a Compose file; leave it out, or write x- before it",
                    tree.place(key),
                    key,
                )
        if "version" in tree:
            self.warnings.append(f"{tree.place('version')}: version is obsolete and changes nothing; leave it out")
        result = Map(tree.where)
        for key, value in tree.items():
            if key not in ("services", "include", "version", *RESOURCES):
                result.put(key, value, tree.place(key))
        for kind in RESOURCES:
            if kind in tree:
                result.put(kind, self._resources(kind, submap(tree, kind), origin), tree.place(kind))
        written = submap(tree, "services")
        services = Map(tree.where)
        for name, service in written.items():
            extended = self._extended(name, service, written.place(name), written, origin, ())
            services.put(name, unique_lists(extended), written.place(name))
        result.put("services", services, tree.place("services"))
        for included in self._includes(tree, origin, (*above, origin.file)):
            result = _join(included, result)
        return result

    def _interpolated(self, origin: _Source) -> Map:
        variables = Variables(origin.values, self.warnings, self._note_default)
        return source.transform(source.read(origin.file), variables.expand)

    def _note_default(self, name: str, default: str, where: Where) -> None:
        self.defaults.append(AddressDefault(name, default, where))

    def _resources(self, kind: str, resources: Map, origin: _Source) -> Map:
        result = Map(resources.where)
        for name, value in resources.items():
            where = resources.place(name)
            resource = normalize_resource(kind, name, value, where, origin.base)
            result.put(name, resource, where)
            variable = resource.get("environment")
            if kind in ("configs", "secrets") and isinstance(variable, str) and variable in origin.values:
                self.from_environment[kind, name] = origin.values[variable]
        return result

    def _extended(
        self,
        name: str,
        service: Any,
        where: Where,
        siblings: Map,
        origin: _Source,
        above: tuple[tuple[Path, str], ...],
    ) -> Map:
        if not isinstance(service, Map):
            raise ComposeError("is no map; a service has keys such as image", where, f"services.{name}")
        if (origin.file, name) in above:
            circle = " → ".join(one for _, one in (*above, (origin.file, name)))
            raise ComposeError(f"extends itself: {circle}; take one extends out", where, f"services.{name}")
        own = Map(service.where)
        for key, value in service.items():
            if key != "extends":
                own.put(key, value, service.place(key))
        own = normalize_service(own, name, origin.base, origin.values)
        if service.get("extends") is None:
            return own
        place, key = service.place("extends"), f"services.{name}.extends"
        parent, file = _extends(service["extends"], place, key)
        if file is not None:
            path = absolute(file, origin.base)
            if not path.is_file():
                raise ComposeError(f"there is no file {path}; correct the path", place, key)
            origin_of_parent = _Source(path, path.parent, origin.values)
            siblings = submap(self._interpolated(origin_of_parent), "services")
        else:
            origin_of_parent = origin
        if parent not in siblings:
            raise ComposeError(
                f"there is no service {parent} in {origin_of_parent.file}; there are {', '.join(siblings) or 'none'}",
                place,
                key,
            )
        under = self._extended(
            parent,
            siblings[parent],
            siblings.place(parent),
            siblings,
            origin_of_parent,
            (*above, (origin.file, name)),
        )
        return merge_service(under, own)

    def _includes(self, tree: Map, origin: _Source, above: tuple[Path, ...]) -> list[Map]:
        items = tree.get("include")
        if items is None:
            return []
        if not isinstance(items, Seq):
            raise ComposeError("takes a list of files", tree.place("include"), "include")
        return [
            self._included(item, place, f"include[{index}]", origin, above)
            for index, (item, place) in enumerate(zip(items, items.places, strict=True))
        ]

    def _included(self, item: Any, place: Where, key: str, origin: _Source, above: tuple[Path, ...]) -> Map:
        if isinstance(item, Map):
            long = item
        else:
            long = Map(place)
            long.put("path", item, place)
        for name in long:
            if name not in INCLUDE_KEYS:
                raise ComposeError("is not honoured; leave it out", long.place(name), f"{key}.{name}")
        files = [absolute(path, origin.base) for path in _paths(long, "path", key)]
        if not files:
            raise ComposeError("names no file; write path: FILE", place, key)
        for file in files:
            if not file.is_file():
                raise ComposeError(f"there is no file {file}; correct the path", place, key)
            if file in above:
                circle = " → ".join(one.name for one in (*above[above.index(file) :], file))
                raise ComposeError(f"files include each other in a circle: {circle}; take one include out", place, key)
        folders = _paths(long, "project_directory", key)
        folder = absolute(folders[0], origin.base) if folders else files[0].parent
        env_files = [absolute(path, origin.base) for path in _paths(long, "env_file", key)]
        for file in env_files:
            if not file.is_file():
                raise ComposeError(f"there is no file {file}; correct the path", place, f"{key}.env_file")
        if not env_files and (folder / ".env").is_file():
            env_files = [folder / ".env"]
        read: dict[str, str] = {}
        for file in env_files:
            read.update(dotenv.read(file, origin.values, earlier=read, warnings=self.warnings))
        return self._files(files, folder, {**read, **origin.values}, above)


def _extends(value: Any, place: Where, key: str) -> tuple[str, str | None]:
    """The service, and the file if it is in another one."""
    if isinstance(value, str):
        return value, None
    if isinstance(value, Map):
        for name in value:
            if name not in EXTENDS_KEYS:
                raise ComposeError("is not honoured; leave it out", value.place(name), f"{key}.{name}")
        service, file = value.get("service"), value.get("file")
        if isinstance(service, str) and (file is None or isinstance(file, str)):
            return service, file
    raise ComposeError("names no service; write {service: NAME} or {service: NAME, file: FILE}", place, key)


def _paths(long: Map, name: str, key: str) -> list[str]:
    value = long.get(name)
    paths: list[Any] = [] if value is None else list(value) if isinstance(value, Seq) else [value]
    for path in paths:
        if not isinstance(path, str) or not path:
            raise ComposeError("takes the path of a file, or a list of them", long.place(name), f"{key}.{name}")
    return paths


def _join(included: Map, own: Map) -> Map:
    """The included file's parts beside the including file's; a name may be in both only where it means the same."""
    result = Map(own.where)
    for key, value in own.items():
        result.put(key, value, own.place(key))
    for kind in ("services", *RESOURCES):
        mine, theirs = submap(own, kind), submap(included, kind)
        both = Map(mine.where)
        for name, value in theirs.items():
            both.put(name, value, theirs.place(name))
        for name, value in mine.items():
            if name in theirs and value != theirs[name]:
                raise ComposeError(
                    f"is in {theirs.place(name)} too, which is included; change it in a file of its own, given after with -f",
                    mine.place(name),
                    f"{kind}.{name}",
                )
            both.put(name, value, mine.place(name))
        if both:
            result.put(kind, both, own.place(kind))
    return result
