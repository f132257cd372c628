"""Compose files to a project: read, interpolate, extend, include, merge, validate."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from obsiverse.compose import dotenv, source
from obsiverse.compose.errors import ComposeError, Where
from obsiverse.compose.graph import check_dependencies
from obsiverse.compose.interpolate import Variables
from obsiverse.compose.merge import merge
from obsiverse.compose.models import Content, Project, Resource, Service
from obsiverse.compose.normalize import absolute, normalize_resource, normalize_service
from obsiverse.compose.source import Map, Seq

TOP_LEVEL = frozenset({"name", "version", "services", "volumes", "networks", "configs", "secrets", "include"})
RESOURCES: dict[str, type[Content] | type[Resource]] = {
    "configs": Content,
    "secrets": Content,
    "volumes": Resource,
    "networks": Resource,
}


def load(
    files: Sequence[Path],
    *,
    environment: Mapping[str, str],
    profiles: Collection[str] = (),
    project_name: str | None = None,
    native: bool = False,
) -> Project:
    """A project from its files, the later laid over the earlier.

    Args:
        environment: the shell's variables; they win over `.env` beside the first file.
        profiles: the active ones.
        native: set `NAME_ADDR` variables to the addresses that services have natively (docs/design.md, "Addresses").

    Raises:
        ComposeError: something can't be honoured; names file, line and key.
    """
    if not native:
        return _Loader(files, environment, profiles, project_name).load()
    first = _Loader(files, environment, profiles, project_name)
    project = first.load()
    addresses = _addresses(first.defaults, project, environment)
    return _Loader(files, {**environment, **addresses}, profiles, project_name).load()


def _addresses(defaults: Mapping[str, str], project: Project, environment: Mapping[str, str]) -> dict[str, str]:
    services = {**project.services, **project.disabled_services}
    found: dict[str, str] = {}
    for name, default in defaults.items():
        service, sign, port = default.rpartition(":")
        if not name.endswith("_ADDR") or name in environment or not sign or service not in services:
            continue
        published = [one.published for one in services[service].ports if str(one.target) == port and one.published]
        if not published:
            raise ComposeError(
                f"${{{name}:-{default}}} asks for port {port} of {service}, which does not publish it",
                key=f"services.{service}.ports",
            )
        found[name] = f"127.0.0.1:{published[0]}"
    return found


class _Loader:
    def __init__(
        self, files: Sequence[Path], environment: Mapping[str, str], profiles: Collection[str], name: str | None
    ) -> None:
        self._files = [file.absolute() for file in files]
        self._base = self._files[0].parent
        self._profiles = set(profiles) | set(filter(None, environment.get("COMPOSE_PROFILES", "").split(",")))
        self._name = name or environment.get("COMPOSE_PROJECT_NAME")
        self._shell = environment
        self.defaults: dict[str, str] = {}
        self._warnings: list[str] = []

    def load(self) -> Project:
        values = _with_dotenv(self._base / ".env", self._shell)
        root = self._tree(self._files, self._base, values, ())
        name = self._name or root.get("name") or re.sub(r"[^a-z0-9_-]", "", self._base.name.lower()) or "default"
        resources = {kind: self._resources(root, kind, model, values) for kind, model in RESOURCES.items()}
        trees = _map(root, "services")
        services = {key: self._service(key, trees[key], trees.place(key), values) for key in sorted(trees)}
        active = {key: one for key, one in services.items() if not one.profiles or self._profiles & set(one.profiles)}
        check_dependencies(active, services, root)
        _check_mounts(services, resources, root)
        _check_ports(active, root)
        return Project(
            name=str(name),
            services=active,
            disabled_services={key: one for key, one in services.items() if key not in active},
            configs=resources["configs"],
            secrets=resources["secrets"],
            volumes=resources["volumes"],
            networks=resources["networks"],
            extensions={key: value for key, value in root.items() if key.startswith("x-")},
            environment=values,
            warnings=tuple(dict.fromkeys(self._warnings)),
        )

    def _tree(self, files: Sequence[Path], base: Path, values: Mapping[str, str], above: tuple[Path, ...]) -> Map:
        root: Map | None = None
        for file in files:
            if file in above:
                raise ComposeError(
                    f"includes itself, through {' → '.join(one.name for one in (*above, file))}", Where(file, 1)
                )
            one = self._file(file, base, values, above)
            root = one if root is None else merge(root, one)
        assert root is not None
        return root

    def _file(self, file: Path, base: Path, values: Mapping[str, str], above: tuple[Path, ...]) -> Map:
        tree = self._interpolated(file, values)
        for key in tree:
            if key not in TOP_LEVEL and not key.startswith("x-"):
                raise ComposeError("is not honoured at the top of a Compose file", tree.place(key), key)
        result = Map(tree.where)
        for key, value in tree.items():
            if key not in ("services", "include", *RESOURCES):
                result.put(key, value, tree.place(key))
        for kind in RESOURCES:
            if kind in tree:
                result.put(kind, self._normal_resources(_map(tree, kind), base), tree.place(kind))
        services = Map(tree.where)
        for name, service in _map(tree, "services").items():
            where = _map(tree, "services").place(name)
            services.put(name, self._extended(name, service, where, tree, file, base, values, ()), where)
        result.put("services", services, tree.place("services"))
        for included in self._includes(tree, base, values, (*above, file)):
            result = _join(included, result)
        return result

    def _interpolated(self, file: Path, values: Mapping[str, str]) -> Map:
        variables = Variables(values, self._warnings, self._note_default)
        return source.transform(source.read(file), variables.expand)

    def _note_default(self, name: str, default: str) -> None:
        self.defaults.setdefault(name, default)

    def _normal_resources(self, resources: Map, base: Path) -> Map:
        result = Map(resources.where)
        for name, value in resources.items():
            result.put(name, normalize_resource(value, resources.place(name), base), resources.place(name))
        return result

    def _extended(
        self,
        name: str,
        service: Any,
        where: Where,
        tree: Map,
        file: Path,
        base: Path,
        values: Mapping[str, str],
        above: tuple[tuple[Path, str], ...],
    ) -> Map:
        if not isinstance(service, Map):
            raise ComposeError("is no map: a service has keys such as image", where, f"services.{name}")
        if (file, name) in above:
            raise ComposeError("extends itself", where, f"services.{name}")
        own = Map(service.where)
        for key, value in service.items():
            if key != "extends":
                own.put(key, value, service.place(key))
        own = normalize_service(own, name, base)
        extends = service.get("extends")
        if extends is None:
            return own
        place = service.place("extends")
        parent = extends if isinstance(extends, str) else extends.get("service") if isinstance(extends, Map) else None
        if not isinstance(parent, str):
            raise ComposeError("names no service; write extends: {service: NAME}", place, f"services.{name}.extends")
        other, other_base, other_tree = file, base, tree
        if isinstance(extends, Map) and extends.get("file"):
            other = absolute(str(extends["file"]), base)
            other_base = other.parent
            other_tree = self._interpolated(other, values)
        parents = _map(other_tree, "services")
        if parent not in parents:
            raise ComposeError(f"there is no service {parent} in {other}", place, f"services.{name}.extends")
        under = self._extended(
            parent,
            parents[parent],
            parents.place(parent),
            other_tree,
            other,
            other_base,
            values,
            (*above, (file, name)),
        )
        return merge(under, own)

    def _includes(self, tree: Map, base: Path, values: Mapping[str, str], above: tuple[Path, ...]) -> list[Map]:
        found: list[Map] = []
        items = tree.get("include") or Seq(tree.where)
        if not isinstance(items, Seq):
            raise ComposeError("takes a list of files", tree.place("include"), "include")
        for item, place in zip(items, items.places, strict=True):
            long = item if isinstance(item, Map) else None
            unknown = set(long or ()) - {"path", "project_directory", "env_file"}
            if unknown:
                raise ComposeError(f"{sorted(unknown)[0]} is not honoured", place, "include")
            paths = item if long is None else long.get("path")
            files = [absolute(str(path), base) for path in (paths if isinstance(paths, Seq) else [paths])]
            for file in files:
                if not file.is_file():
                    raise ComposeError(f"there is no file {file}", place, "include")
            folder = (
                absolute(str(long["project_directory"]), base)
                if long and long.get("project_directory")
                else files[0].parent
            )
            inner = dict(values)
            given = long.get("env_file") if long else None
            for env_file in [
                absolute(str(one), base) for one in (given if isinstance(given, Seq) else [given] if given else [])
            ] or [folder / ".env"]:
                inner = {**_with_dotenv(env_file, inner), **inner}
            found.append(self._tree(files, folder, inner, above))
        return found

    def _service(self, name: str, tree: Map, where: Where, values: Mapping[str, str]) -> Service:
        tree = _with_env_files(tree, values)
        try:
            service = Service.model_validate({"name": name, **_plain(tree)})
        except ValidationError as error:
            raise _validation(error, tree, f"services.{name}") from None
        if service.image is None and service.build is None and service.native is None:
            raise ComposeError("has neither image nor build", where, f"services.{name}")
        return service

    def _resources(self, root: Map, kind: str, model: Any, values: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, tree in _map(root, kind).items():
            plain = _plain(tree)
            if model is Content and plain.get("environment"):
                plain["value"] = values.get(plain["environment"])
            try:
                found[name] = model.model_validate(plain)
            except ValidationError as error:
                raise _validation(error, tree, f"{kind}.{name}") from None
        return found


def _with_dotenv(file: Path, values: Mapping[str, str]) -> dict[str, str]:
    if not file.is_file():
        return dict(values)
    return {**{name: value for name, value in dotenv.read(file, values).items() if value is not None}, **values}


def _with_env_files(tree: Map, values: Mapping[str, str]) -> Map:
    result = Map(tree.where)
    merged = Map(tree.where)
    for item in tree.get("env_file") or ():
        file = Path(str(item.get("path")))
        if not file.is_file():
            if item.get("required", True):
                raise ComposeError(f"there is no file {file}", tree.place("env_file"), "env_file")
            continue
        earlier = {name: value for name, value in merged.items() if value is not None}
        for name, value in dotenv.read(file, {**earlier, **values}).items():
            merged.put(name, value, tree.place("env_file"))
    own = _map(tree, "environment")
    for name, value in own.items():
        merged.put(name, value, own.place(name))
    for name, value in merged.items():
        if value is None and name in values:
            merged.put(name, values[name], merged.place(name))
    for key, value in tree.items():
        if key not in ("env_file", "environment"):
            result.put(key, value, tree.place(key))
    if merged:
        result.put("environment", merged, tree.place("environment"))
    return result


def _map(tree: Map, key: str) -> Map:
    value = tree.get(key)
    if value is None:
        return Map(tree.where)
    if not isinstance(value, Map):
        raise ComposeError("is no map", tree.place(key), key)
    return value


def _join(included: Map, own: Map) -> Map:
    """The included file's parts under the including file's; the same name twice is refused, as by Compose."""
    result = merge(Map(own.where), own)
    for kind in ("services", *RESOURCES):
        mine, theirs = _map(own, kind), _map(included, kind)
        both = Map(mine.where)
        for name, value in theirs.items():
            both.put(name, value, theirs.place(name))
        for name, value in mine.items():
            if name in theirs and kind == "services" and _plain(value) != _plain(theirs[name]):
                raise ComposeError(
                    f"is in {theirs.place(name)} too, which is included", mine.place(name), f"{kind}.{name}"
                )
            both.put(name, value, mine.place(name))
        if both:
            result.put(kind, both, own.place(kind))
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, Map):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, Seq):
        return [_plain(inner) for inner in value]
    return value


def _validation(error: ValidationError, tree: Map, key: str) -> ComposeError:
    first = error.errors()[0]
    path = tuple(first["loc"])
    message = (
        "is not honoured; leave it out"
        if first["type"] == "extra_forbidden"
        else first["msg"].removeprefix("Value error, ")
    )
    dotted = ".".join([key, *(str(step) for step in path)])
    return ComposeError(message, source.locate(tree, path), dotted)


def _check_mounts(services: Mapping[str, Service], resources: Mapping[str, Mapping[str, Any]], root: Map) -> None:
    for service in services.values():
        wanted = [("configs", one.source) for one in service.configs] + [
            ("secrets", one.source) for one in service.secrets
        ]
        wanted += [("volumes", one.source) for one in service.volumes if one.type == "volume" and one.source]
        for kind, name in wanted:
            if name not in resources[kind]:
                where = source.locate(root, ("services", service.name, kind))
                raise ComposeError(
                    f"there is no {name} under the top-level {kind}; add it there",
                    where,
                    f"services.{service.name}.{kind}",
                )


def _check_ports(services: Mapping[str, Service], root: Map) -> None:
    taken: dict[tuple[str, str, str], str] = {}
    for service in services.values():
        for port in service.ports:
            if port.published:
                key = (port.host_ip or "", port.published, port.protocol)
                if key in taken:
                    where = source.locate(root, ("services", service.name, "ports"))
                    raise ComposeError(
                        f"port {port.published} is published by {taken[key]} too",
                        where,
                        f"services.{service.name}.ports",
                    )
                taken[key] = service.name
