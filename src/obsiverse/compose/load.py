"""Compose files to a project: read to one tree, then validated."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from obsiverse.compose import checks, dotenv, graph, source
from obsiverse.compose.errors import ComposeError, Where
from obsiverse.compose.interpolate import Variables
from obsiverse.compose.models import Config, NamedVolume, Network, Project, Resource, Secret, Service
from obsiverse.compose.native import addresses
from obsiverse.compose.source import Map, Seq, plain, submap
from obsiverse.compose.tree import Reader

PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
MESSAGES = {
    "extra_forbidden": "is not honoured; leave it out",
    "missing": "is missing; add it",
    "string_type": "takes a text here; put it in quotes",
    "int_type": "takes a whole number here",
    "int_parsing": "takes a whole number here",
    "bool_type": "takes true or false here",
    "bool_parsing": "takes true or false here",
    "dict_type": "takes a map here",
    "model_type": "takes a map here",
    "tuple_type": "takes a list here",
    "too_short": "is empty; write at least one",
}
"""By pydantic's type of error."""


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
        profiles: the active ones; `*` for all; where none is given, those of COMPOSE_PROFILES.
        project_name: before COMPOSE_PROJECT_NAME, `name:` in the files, and the name of the first file's folder.
        native: set `NAME_ADDR` variables to the addresses that services have natively (docs/design.md, "Addresses").

    Raises:
        ComposeError: something can't be honoured; names file, line and key.
    """
    if not files:
        raise ComposeError("there is no Compose file; name one")
    loader = _Loader(files, environment, profiles, project_name)
    project = loader.load()
    if not native:
        return project
    return _Loader(files, {**environment, **loader.addresses(project)}, profiles, project_name).load()


class _Loader:
    def __init__(
        self, files: Sequence[Path], shell: Mapping[str, str], profiles: Collection[str], name: str | None
    ) -> None:
        self._files = [file.absolute() for file in files]
        self._base = self._files[0].parent
        self._shell = shell
        self._profiles = profiles
        self._name = name
        self._reader = Reader()

    def load(self) -> Project:
        file = self._base / ".env"
        values = self._reader.dotenv(file, self._shell) if file.is_file() else dict(self._shell)
        name = self._project_name(values)
        values["COMPOSE_PROJECT_NAME"] = name
        root = self._reader.read(self._files, self._base, values)
        configs = self._resources(root, "configs", Config)
        secrets = self._resources(root, "secrets", Secret)
        volumes = self._resources(root, "volumes", NamedVolume)
        networks = self._resources(root, "networks", Network)
        profiles = tuple(self._profiles or _words(values.get("COMPOSE_PROFILES", "")))
        active: dict[str, Service] = {}
        disabled: dict[str, Service] = {}
        trees = submap(root, "services")
        for key in sorted(trees):
            service = self._service(key, trees[key], trees.place(key), values, profiles)
            (active if _is_active(service.profiles, profiles) else disabled)[key] = service
        known = active | disabled
        warnings = [*self._reader.warnings, *graph.check(active, known, root)]
        checks.check_references(
            active, {"configs": configs, "secrets": secrets, "volumes": volumes, "networks": networks}, root
        )
        checks.check_ports(active, root)
        return Project(
            name=name,
            services=active,
            disabled_services=disabled,
            configs=configs,
            secrets=secrets,
            volumes=volumes,
            networks=networks,
            extensions={key: plain(value) for key, value in root.items() if key.startswith("x-")},
            environment=values,
            warnings=tuple(dict.fromkeys(warnings)),
        )

    def addresses(self, project: Project) -> dict[str, str]:
        """The native addresses of the variables that had none, after `load`."""
        return addresses(self._reader.defaults, project.services | project.disabled_services)

    def _project_name(self, values: Mapping[str, str]) -> str:
        for given in (self._name, values.get("COMPOSE_PROJECT_NAME")):
            if given:
                if not PROJECT_NAME.fullmatch(given):
                    raise ComposeError(
                        f"the project name {given!r} is not made of a-z, 0-9, _ and - alone; choose another one"
                    )
                return given
        for file in reversed(self._files):
            tree = source.read(file)
            written = tree.get("name")
            if written is None or written == "":
                continue
            if not isinstance(written, str):
                raise ComposeError("takes a text here; put it in quotes", tree.place("name"), "name")
            found = _normal_name(Variables(values).expand(written, tree.place("name"), "name"))
            if not found:
                raise ComposeError(f"{written!r} has no letter of a-z or digit; add one", tree.place("name"), "name")
            return found
        return _normal_name(self._base.name) or "default"

    def _service(
        self, name: str, tree: Map, where: Where, values: Mapping[str, str], profiles: Collection[str]
    ) -> Service:
        written = tree.get("profiles")
        needed = not isinstance(written, Seq) or _is_active(written, profiles)
        tree = self._with_env_files(name, tree, values, needed)
        try:
            service = Service.model_validate({**plain(tree), "*name": name})
        except ValidationError as error:
            raise _explained(error, tree, f"services.{name}") from None
        if not service.image and service.build is None and not service.native:
            raise ComposeError("has neither image nor build; add one", where, f"services.{name}")
        return service

    def _with_env_files(self, name: str, tree: Map, values: Mapping[str, str], needed: bool) -> Map:
        """The service with what its `env_file` holds under its `environment`."""
        merged = Map(tree.where)
        own = submap(tree, "environment")
        given = {variable: value for variable, value in own.items() if value is not None}
        files = tree.get("env_file") or Seq(tree.where)
        for item, place in zip(files, files.places, strict=True):
            file = Path(item["path"])
            if file.is_file():
                read = dotenv.read(file, {**given, **values}, earlier=merged, warnings=self._reader.warnings)
                for variable, value in read.items():
                    merged.put(variable, value, place)
            elif item.get("required", True) and needed:
                raise ComposeError(
                    f"there is no file {file}; correct the path, or set required: false",
                    place,
                    f"services.{name}.env_file",
                )
        for variable, value in own.items():
            merged.put(variable, value, own.place(variable))
        result = Map(tree.where)
        for key, value in tree.items():
            if key not in ("env_file", "environment"):
                result.put(key, value, tree.place(key))
        if merged:
            result.put("environment", merged, tree.place("environment"))
        return result

    def _resources[R: Secret | Resource](self, root: Map, kind: str, model: type[R]) -> dict[str, R]:
        found: dict[str, R] = {}
        for name, tree in submap(root, kind).items():
            given = plain(tree)
            value = self._reader.from_environment.get((kind, name))
            if value is not None:
                given["*value"] = value
            try:
                found[name] = model.model_validate(given)
            except ValidationError as error:
                raise _explained(error, tree, f"{kind}.{name}") from None
        return found


def _is_active(own: Collection[Any], profiles: Collection[str]) -> bool:
    return not own or "*" in profiles or any(one in profiles for one in own)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _normal_name(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "", name.lower()).lstrip("_-")


def _explained(error: ValidationError, tree: Map, key: str) -> ComposeError:
    first = error.errors()[0]
    path = tuple(first["loc"])
    dotted = ".".join([key, *_written(tree, path)])
    if first["type"] == "missing":
        dotted += f".{path[-1]}"
    return ComposeError(_message(first), source.locate(tree, path), dotted)


def _written(value: Any, path: tuple[int | str, ...]) -> list[str]:
    """The steps of a path that stand in the file; pydantic adds steps of its own, such as the member of a union."""
    steps: list[str] = []
    for step in path:
        if (isinstance(value, Map) and step in value) or (isinstance(value, Seq) and isinstance(step, int)):
            steps.append(str(step))
            value = cast(Any, value)[step]
    return steps


def _message(problem: ErrorDetails) -> str:
    known = MESSAGES.get(problem["type"])
    if known:
        return known
    value = problem["input"]
    given = f"{value!r}: " if isinstance(value, str | int | float) else ""
    match problem["type"]:
        case "string_pattern_mismatch":
            return f"{given}does not match {problem.get('ctx', {}).get('pattern')}"
        case "literal_error":
            return f"{given}takes {problem.get('ctx', {}).get('expected')}"
        case "value_error":
            return problem["msg"].removeprefix("Value error, ")
        case _:
            return given + problem["msg"]
