"""From a Compose project to what the agent is told: one unit a service."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from obsiverse.compose import Port, Project, Service
from obsiverse.compose.durations import parse_size
from obsiverse.compose.native import Native
from obsiverse.engine.base import ONESHOT_LABEL, TEMPLATE_LABEL
from obsiverse.engine.errors import EngineError
from obsiverse.engine.files import Files
from obsiverse.engine.ports import PublishedPort
from obsiverse.engine.workspace import Workspace

LOOPBACK = "127.0.0.1"
AGENT_VARIABLE = "OBSIVERSE_AGENT"
"""Where a service that starts tasks finds the agent; only such services need the templates of tasks."""


@dataclass(frozen=True)
class Dependency:
    """A service that another waits for, and the Compose condition it waits for."""

    service: str
    condition: str


@dataclass(frozen=True)
class Unit:
    """A service as the native engine runs it.

    Attributes:
        spec: what the agent is told (docs/design.md, "The agent's API"); `command[0]` is still a name until its program was got.
        component: the Go program that `command[0]` names, if it is one.
        project: the folder of the Python project that `python` in `command[0]` stands for, if it is one.
        programs: variable to the program whose path it gets.
        pages: variable to the folder of the web page that it gets, built.
        otherwise: the unit to run instead where one of its programs can't be had.
    """

    name: str
    spec: dict[str, Any]
    dependencies: tuple[Dependency, ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    urls: tuple[str, ...] = ()
    oneshot: bool = False
    component: str | None = None
    project: Path | None = None
    programs: Mapping[str, str] = field(default_factory=dict[str, str])
    pages: Mapping[str, Path] = field(default_factory=dict[str, Path])
    otherwise: Unit | None = None

    def with_program(self, program: str) -> Unit:
        """The unit with the real path of its program."""
        return replace(self, spec={**self.spec, "command": [program, *self.spec["command"][1:]]})

    def with_programs(self, paths: Mapping[str, str]) -> Unit:
        """The unit with the real paths, by name, of the programs that its variables are to have."""
        return self._with({variable: paths[name] for variable, name in self.programs.items()})

    def with_pages(self, built: Mapping[Path, str]) -> Unit:
        """The unit with the folders of the built pages, by their sources, that its variables are to have."""
        return self._with({variable: built[folder] for variable, folder in self.pages.items()})

    def _with(self, variables: Mapping[str, str]) -> Unit:
        return replace(self, spec={**self.spec, "env": {**self.spec["env"], **variables}})


@dataclass(frozen=True)
class Plan:
    """All units of a project, services and templates apart."""

    units: tuple[Unit, ...]
    templates: tuple[Unit, ...] = field(default=())

    def named(self, name: str) -> Unit:
        """The service of a name that is known to be there."""
        return next(unit for unit in self.units if unit.name == name)

    def choose(self, services: Sequence[str], *, oneshots: bool) -> list[Unit]:
        """The named services and what they depend on; all where none is named.

        Raises:
            EngineError: there is no such service.
        """
        by_name = {unit.name: unit for unit in self.units}
        wanted: set[str] = set()
        left = list(services) or [unit.name for unit in self.units if oneshots or not unit.oneshot]
        while left:
            name = left.pop()
            if name not in by_name:
                raise EngineError(f"there is no service {name}", f"The Compose file has: {', '.join(by_name)}.")
            if name not in wanted:
                wanted.add(name)
                left.extend(dependency.service for dependency in by_name[name].dependencies)
        return [unit for unit in self.units if unit.name in wanted]


def plan(project: Project, workspace: Workspace) -> Plan:
    """What the native engine runs of a project.

    Raises:
        EngineError: a service has no `x-native`, so it can't run natively.
    """
    completed = {
        name for service in project.services.values() for name, d in service.depends_on.items()
        if d.condition == "service_completed_successfully"
    }  # fmt: skip
    files = Files(project, workspace)
    here = {name for name, service in project.services.items() if service.native is not False and service.scale != 0}
    units = [
        _unit(project.services[name], project, files, here, name in completed)
        for name in project.services
        if name in here
    ]
    templates = tuple(unit for unit in units if TEMPLATE_LABEL in project.services[unit.name].labels)
    return Plan(tuple(unit for unit in units if unit not in templates), templates)


def _unit(service: Service, project: Project, files: Files, here: Collection[str], completes: bool) -> Unit:
    native = service.native
    if not native:
        raise EngineError(
            f"{service.name} has no x-native, so it can't run without Docker",
            "Give it `x-native` with a command (docs/design.md), or leave it out with a profile.",
        )
    places = files.places(service)
    ports = [_published(service.name, port.host_ip, port.published) for port in _tcp(service)]
    if (service.scale or 1) > 1:
        raise EngineError(
            f"{service.name} has scale {service.scale}, and without Docker a service runs once",
            "Leave out scale, or use `--engine docker`.",
        )
    links = project.dependencies(service.name)
    dependencies = tuple(Dependency(link.service, link.condition) for link in links if link.service in here)
    return Unit(
        name=service.name,
        spec=_spec(service, places, files.digest(service)),
        dependencies=dependencies,
        ports=tuple(ports),
        urls=tuple(f"http://{LOOPBACK}:{port.port}" for port in ports[:1]),
        oneshot=completes or service.labels.get(ONESHOT_LABEL) == "true",
        component=native.component,
        project=native.project,
        programs=native.programs,
        pages=native.pages,
        otherwise=_otherwise(service, native, project, files, here, completes),
    )


def _otherwise(
    service: Service, native: Native, project: Project, files: Files, here: Collection[str], completes: bool
) -> Unit | None:
    if native.otherwise is None:
        return None
    return _unit(service.model_copy(update={"native": native.otherwise}), project, files, here, completes)


def _published(service: str, host: str | None, published: str | None) -> PublishedPort:
    return PublishedPort(service, host or LOOPBACK, int(published or 0))


def _tcp(service: Service) -> list[Port]:
    """The ports that can be checked and shown; a process opens its UDP ports by itself."""
    return [port for port in service.ports if port.published and port.protocol == "tcp"]


def _spec(service: Service, places: dict[str, str], digest: str | None) -> dict[str, Any]:
    native = service.native
    assert native
    task = TEMPLATE_LABEL in service.labels
    environment = {name: value for name, value in service.environment.items() if value is not None}
    ports = [{"container": port.target, "host": int(port.published or 0)} for port in _tcp(service)]
    ports += [{"container": int(container), "env": name} for container, name in native.ports.items()]
    spec: dict[str, Any] = {
        "image": service.image or service.name,
        "command": [_fill(part, places) for part in native.command],
        "env": {**environment, **{k: _fill(v, places) for k, v in native.environment.items()}, **places},
        "ports": ports,
        "paths": native.paths,
        "restart": _restart(service),
        "stop_signal": service.stop_signal or "SIGTERM",
        "stop_grace": service.stop_grace_period if service.stop_grace_period is not None else 10.0,
        "labels": {**service.labels, "obsiverse.kind": "task" if task else "service"},
    }
    if digest:
        # So that a changed config or secret restarts the service, as in Compose.
        spec["labels"]["obsiverse.files"] = digest
    if native.working_dir:
        spec["working_dir"] = str(native.working_dir)
    if native.healthcheck:
        spec["health"] = native.healthcheck.as_spec()
    limits = service.deploy.resources.limits if service.deploy else None
    if limits:
        spec["limits"] = {"cpus": float(limits.cpus) if limits.cpus else None, "memory_bytes": limits.memory}
    if service.logging:
        spec["logging"] = _logging(service.logging.options)
    return spec


def _logging(options: dict[str, str]) -> dict[str, int]:
    spec: dict[str, int] = {}
    if "max-size" in options:
        spec["max_size_bytes"] = parse_size(options["max-size"])
    if "max-file" in options:
        spec["max_files"] = int(options["max-file"])
    return spec


def _fill(text: str, places: dict[str, str]) -> str:
    for name, place in places.items():
        text = text.replace(f"${{{name}}}", place)
    return text


def _restart(service: Service) -> dict[str, Any]:
    policy, _, retries = (service.restart or "no").partition(":")
    return {"policy": policy, "max_retries": int(retries) if retries else None}


def local_program(unit: Unit) -> str:
    """The path of a program that is neither got nor made: it must be on PATH.

    Raises:
        EngineError: it is not.
    """
    name: str = unit.spec["command"][0]
    found = shutil.which(name)
    if found is None:
        raise EngineError(
            f"{unit.name} needs the program {name}, which is not on PATH",
            f"Install {name}, or put its path in the Compose file.",
        )
    return found
