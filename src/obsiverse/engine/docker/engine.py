"""The verbs of the Docker engine."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NoReturn

import docker.errors
import requests
from obsiverse_client import AgentClient, AgentError, AgentUnreachable

from obsiverse import compose
from obsiverse.engine import ports, status
from obsiverse.engine.base import (
    DASHBOARDS_SERVICE,
    ONESHOT_LABEL,
    SCENARIO_SERVICE,
    Line,
    Summary,
    described,
    merged,
)
from obsiverse.engine.docker import address, compose_cli, containers, events, shutdown, stand_in
from obsiverse.engine.docker.agent_exec import ExecConnector
from obsiverse.engine.docker.compose_cli import Compose
from obsiverse.engine.docker.containers import Container
from obsiverse.engine.docker.images import get_images
from obsiverse.engine.docker.startup import Startup
from obsiverse.engine.errors import EngineError, Interrupted, ServiceFailed
from obsiverse.engine.interruption import undisturbed
from obsiverse.engine.ports import PublishedPort
from obsiverse.engine.report import Reporter
from obsiverse.engine.status import Row
from obsiverse.engine.workspace import PACKAGED_CHECKOUT, Workspace

PROJECT_VARIABLE = "COMPOSE_PROJECT_NAME"
RESTART_SECONDS = 120.0
POLL_SECONDS = 0.5
LOOPBACK = "127.0.0.1"
COMPOSE_FILE = PACKAGED_CHECKOUT / "compose" / "compose.yaml"


class DockerEngine:
    """The stack of a workspace, in containers. See `base.Engine`."""

    name = "docker"

    def __init__(
        self, workspace: Workspace, client: Any, program: Sequence[str], *, gpu: bool | None = None, build: bool = False
    ) -> None:
        """
        Args:
            client: the engine's, of the `docker` SDK.
            program: Docker Compose.
            gpu: give model tasks the engine's NVIDIA GPUs; by itself where None.
            build: build images also where they are here.
        """
        self._workspace = workspace
        self.client = client
        self.program = program
        self._gpu = gpu
        self._build = build
        self._lookout = stand_in.is_wanted(workspace)
        with address.answering():
            self.version = str(client.version()["Version"])
        self.project = project_name(workspace)

    @classmethod
    def find(cls, workspace: Workspace, *, gpu: bool | None = None, build: bool = False) -> DockerEngine:
        """The engine of this machine.

        Raises:
            EngineError: it does not answer, or there is no Docker Compose.
        """
        return cls(workspace, address.connect(), compose_cli.find(), gpu=gpu, build=build)

    def exists(self) -> bool:
        """Whether this stack has containers."""
        return bool(self._containers())

    @cached_property
    def compose(self) -> Compose:
        """Docker Compose on this stack."""
        environment = {**os.environ, PROJECT_VARIABLE: self.project}
        socket = address.socket_of(address.address())
        if socket:
            environment.setdefault("DOCKER_SOCKET", socket)
        files = list(self._files())
        if files[0] == COMPOSE_FILE and int(self.version.partition(".")[0]) < address.START_INTERVAL_SINCE:
            files.insert(1, COMPOSE_FILE.with_name("docker-24.yaml"))
        return Compose(self.program, ["--progress", "plain", *(f"--file={file}" for file in files)], environment)

    def _files(self) -> list[Path]:
        """The workspace's files; behind ours, that for GPUs and that for Lookout, where they are wanted."""
        first, *overrides = self._workspace.files
        if first != COMPOSE_FILE:
            return [first, *overrides]
        wanted = {"gpu.yaml": self.has_gpu if self._gpu is None else self._gpu, "lookout.yaml": self._lookout}
        return [first, *(COMPOSE_FILE.with_name(name) for name, is_wanted in wanted.items() if is_wanted), *overrides]

    @cached_property
    def has_gpu(self) -> bool:
        """Whether the engine has NVIDIA's runtime."""
        return "nvidia" in self.client.info().get("Runtimes", {})

    def _load(self) -> compose.Project:
        return compose.load(self._files(), environment={**os.environ, PROJECT_VARIABLE: self.project})

    def up(self, services: Sequence[str], *, timeout: float, scenario: bool, report: Reporter) -> Summary:
        """See `base.Engine.up`."""
        project = self._load()
        for warning in project.warnings:
            report.warn(warning)
        chosen = _chosen(project, services, scenario)
        before = self._containers()
        running = {one.service for one in before if one.state == "running"}
        published = {name: _published(project.services[name]) for name in chosen}
        needed = [port for name, all_of in published.items() if name not in running for port in all_of]
        ports.check_free(needed, project.environment)
        self._workspace.docker_mark.touch()
        startup = Startup(self.client, self.project, chosen, before, report)
        try:
            project = self._with_dashboards(project, chosen, report)
            wanted = [project.services[name] for name in chosen]
            get_images(self.client, self.compose, self.project, wanted, report, build=self._build)
            # Named even where all are meant: a one-shot that is left out must not start.
            process = self.compose.start("up", "--detach", "--no-build", *chosen)
            started = startup.watch(process, time.monotonic() + timeout)
        except BaseException as error:
            with undisturbed(report):
                self._clean_up(before, report)
            if isinstance(error, KeyboardInterrupt):
                raise Interrupted(
                    "interrupted; what had been started was stopped", "Run `make up` to start again."
                ) from None
            raise
        urls = {
            name: tuple(f"http://{LOOPBACK}:{port.port}" for port in all_of[:1]) for name, all_of in published.items()
        }
        return Summary(started, urls)

    def _with_dashboards(self, project: compose.Project, chosen: Sequence[str], report: Reporter) -> compose.Project:
        """The project with Lookout for Grafana, where that one's image is not here and can't be had."""
        if self._lookout or DASHBOARDS_SERVICE not in chosen or self._workspace.files[0] != COMPOSE_FILE:
            return project
        try:
            grafana = [project.services[DASHBOARDS_SERVICE]]
            get_images(self.client, self.compose, self.project, grafana, report, build=self._build)
        except EngineError as error:
            report.warn(f"{DASHBOARDS_SERVICE}: Lookout runs instead, as {error.message}")
        else:
            return project
        stand_in.note(self._workspace)
        self._lookout = True
        # It names the files.
        del self.compose
        return self._load()

    def _clean_up(self, before: Sequence[Container], report: Reporter) -> None:
        """Remove what was not there before; what was and ended meanwhile stays to be looked at."""
        try:
            if before:
                known = {one.id for one in before}
                shutdown.remove([one for one in self._containers() if one.id not in known], self.client, report)
            else:
                self.down(volumes=False, report=report)
        except (EngineError, docker.errors.DockerException, requests.RequestException) as error:
            report.warn(f"what was started could not all be removed: {error}. `make down` does that.")

    def down(self, *, volumes: bool, report: Reporter) -> bool:
        """See `base.Engine.down`."""
        # By name alone, so that a broken Compose file does not keep a stack from ending.
        by_name = Compose(self.program, ["--progress", "plain", "--project-name", self.project], os.environ)
        was_there = shutdown.down(self.client, by_name, self.project, volumes=volumes, report=report)
        self._workspace.docker_mark.unlink(missing_ok=True)
        return was_there

    def restart(self, services: Sequence[str], *, report: Reporter) -> None:
        """See `base.Engine.restart`."""
        names = self._named(services, running=not services)
        own = {one.service: one for one in self._containers()}
        restarted = [name for name in names if name in own]
        agent_too = any(own[name].labels.get(containers.KIND_LABEL) == containers.AGENT_KIND for name in restarted)
        # With the agent its tasks end; the edge has it start what its endpoints miss.
        tasks = [] if agent_too else [name for name in names if name not in own]
        for name in [*restarted, *tasks]:
            report.stage(name, "starting")
        for name in tasks:
            self._agent().restart(name)
        if restarted:
            self.compose.run("restart", "--no-deps", *restarted)
        self._await_up([*restarted, *tasks], RESTART_SECONDS, report)

    def wait(self, services: Sequence[str], *, timeout: float, report: Reporter) -> None:
        """See `base.Engine.wait`."""
        self._await_up(self._named(services, running=not services), timeout, report)

    def _await_up(self, names: Sequence[str], timeout: float, report: Reporter) -> None:
        deadline = time.monotonic() + timeout
        left = list(names)
        while left:
            rows = {row.name: row for row in self.rows()}
            for name in list(left):
                row = rows.get(name)
                if row is None or row.state in ("exited", "stopped"):
                    state = row.state if row else "gone"
                    raise EngineError(f"{name} is {state}", f"See why with `obsiverse logs {name}`.")
                if row.state == "running" and row.health in ("healthy", "none"):
                    report.stage(name, "healthy")
                    left.remove(name)
            if left and time.monotonic() > deadline:
                raise EngineError(
                    f"{left[0]} is {rows[left[0]].health} after {timeout:.0f} s", f"Look at `obsiverse logs {left[0]}`."
                )
            if left:
                time.sleep(POLL_SECONDS)

    def rows(self) -> list[Row]:
        """See `base.Engine.rows`."""
        found = self._containers()
        services = sorted(containers.rows(self.client, found), key=lambda row: row.name)
        with contextlib.suppress(AgentUnreachable):
            return services + status.rows(self._agent())
        return services

    def logs(self, names: Sequence[str], *, follow: bool, since: float | None, tail: int | None) -> Iterator[Line]:
        """See `base.Engine.logs`."""
        own = {one.service: one for one in self._containers()}
        sources: dict[str, Callable[[], Iterator[Line]]] = {}
        for name in self._named(names):
            options: dict[str, Any] = {"follow": follow, "since": since, "tail": tail}
            if name in own:
                sources[name] = partial(containers.lines, self.client, name, own[name].id, **options)
            else:
                sources[name] = partial(status.task_lines, self._agent(), name, **options)
        return merged(sources, follow=follow, gone=(AgentUnreachable, EngineError))

    def events(self, *, since: float, follow: bool) -> Iterator[dict[str, Any]]:
        """See `base.Engine.events`."""
        try:
            agent = self._agent()
        except AgentUnreachable:
            agent = None
        return events.merged(self.client, agent, self.project, since=since, follow=follow)

    def exec(self, name: str, command: Sequence[str]) -> NoReturn:
        """See `base.Engine.exec`; in its container."""
        program = shutil.which("docker")
        if program is None:
            raise EngineError("there is no `docker` on PATH", "Install Docker's command line.")
        row = next(row for row in self.rows() if row.name == self._named([name])[0])
        terminal = ["-t"] if sys.stdin.isatty() and sys.stdout.isatty() else []
        sys.stdout.flush()
        os.execv(program, ["docker", "exec", "-i", *terminal, row.container or "", *command])  # noqa: S606 - what exec means

    def scenarios(self) -> list[dict[str, str]]:
        """See `base.Engine.scenarios`."""
        service = self._load().services.get(SCENARIO_SERVICE)
        return described(service.labels if service else {})

    def run_scenario(self, name: str, *, timeout: float, report: Reporter) -> None:
        """See `base.Engine.run_scenario`."""
        self._named([])
        said: list[str] = []

        def show(line: str) -> None:
            said.append(line)
            report.line(SCENARIO_SERVICE, line)

        try:
            arguments = ("run", "--rm", "--no-deps", "-T", SCENARIO_SERVICE, "run", name)
            self.compose.run(*arguments, on_line=show, timeout=timeout)
        except EngineError as error:
            raise ServiceFailed(SCENARIO_SERVICE, "did not hold", said[-20:], error.hint) from error

    def _containers(self) -> list[Container]:
        return containers.listed(self.client, self.project)

    def _agent(self) -> AgentClient:
        """The agent's client. Raises AgentUnreachable where its container does not run."""
        for one in self._containers():
            if one.labels.get(containers.KIND_LABEL) == containers.AGENT_KIND and one.state == "running":
                with address.answering():
                    return AgentClient(ExecConnector(self.client.containers.get(one.id)))
        raise AgentUnreachable(self.project, "its container does not run")

    def _named(self, names: Sequence[str], *, running: bool = False) -> list[str]:
        """The names, of all there is where none is given.

        Raises:
            EngineError: nothing runs, or there is no such service or task.
        """
        own = [one for one in self._containers() if not one.is_template]
        if not own:
            raise EngineError("nothing is running", "Start it with `make up`.")
        known = {one.service: one.state for one in own}
        with contextlib.suppress(AgentUnreachable, AgentError):
            known |= {task["id"]: task["state"] for task in self._agent().tasks()}
        for name in names:
            if name not in known:
                raise EngineError(f"nothing named {name} is here", f"There are: {', '.join(known)}.")
        return list(names) or [
            name for name, state in known.items() if not running or state in ("running", "restarting")
        ]


def project_name(workspace: Workspace) -> str:
    """Compose's name of a workspace's stack: COMPOSE_PROJECT_NAME, else one of its own for each state folder."""
    digest = hashlib.sha256(os.fsencode(workspace.state)).hexdigest()[:6]
    return os.environ.get(PROJECT_VARIABLE) or f"obsiverse-{digest}"


def _chosen(project: compose.Project, services: Sequence[str], scenario: bool) -> list[str]:
    """The services to bring up, with what they depend on, in the Compose file's order.

    Raises:
        EngineError: there is no such service.
    """
    usual = [
        name
        for name, service in project.services.items()
        if service.scale != 0 and (scenario or service.labels.get(ONESHOT_LABEL) != "true")
    ]
    wanted: set[str] = set()
    left = list(services) or usual
    while left:
        name = left.pop()
        if name not in project.services:
            raise EngineError(f"there is no service {name}", f"The Compose file has: {', '.join(project.services)}.")
        if name not in wanted:
            wanted.add(name)
            left.extend(link.service for link in project.dependencies(name))
    return [name for name in project.services if name in wanted]


def _published(service: compose.Service) -> list[PublishedPort]:
    return [
        PublishedPort(service.name, port.host_ip or LOOPBACK, int(port.published))
        for port in service.ports
        if port.published and port.protocol == "tcp"
    ]
