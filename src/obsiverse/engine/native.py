"""The native engine: services are processes of this machine, which the agent starts."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from obsiverse_client import AgentClient, AgentUnreachable

from obsiverse import compose
from obsiverse.agent import launch
from obsiverse.engine import ports, programs, shutdown
from obsiverse.engine.base import SCENARIO_SERVICE, Line, Summary, described, merged
from obsiverse.engine.errors import EngineError, Interrupted
from obsiverse.engine.files import Files
from obsiverse.engine.interruption import undisturbed
from obsiverse.engine.report import Reporter
from obsiverse.engine.startup import Startup, wait_briefly
from obsiverse.engine.status import Row, rows, task_lines
from obsiverse.engine.units import AGENT_VARIABLE, Unit, plan
from obsiverse.engine.workspace import Workspace


def load(workspace: Workspace, variables: Mapping[str, str] | None = None) -> compose.Project:
    """The workspace's Compose files with the addresses that native services have.

    Args:
        variables: over those of the shell.

    Raises:
        compose.ComposeError: they can't be honoured; the message names file, line and key.
    """
    environment = {**os.environ, AGENT_VARIABLE: f"unix://{launch.socket_path(workspace.state)}", **(variables or {})}
    return compose.load(workspace.files, environment=environment, native=True)


def connect(workspace: Workspace) -> AgentClient | None:
    """The agent of a workspace, or None where none runs."""
    agent = AgentClient(f"unix://{launch.socket_path(workspace.state)}")
    try:
        # Not health(), which gives up at once: an agent that was just killed is soon back.
        agent.templates()
    except AgentUnreachable:
        return None
    return agent


RESTART_SECONDS = 120.0


class NativeEngine:
    """The stack of a workspace, as processes. See `base.Engine`."""

    name = "native"

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def agent(self) -> AgentClient | None:
        """The agent, or None where none runs."""
        return connect(self._workspace)

    def _require(self) -> AgentClient:
        agent = self.agent()
        if agent is None:
            raise EngineError("nothing is running", "Start it with `make up`.")
        return agent

    def up(self, services: Sequence[str], *, timeout: float, scenario: bool, report: Reporter) -> Summary:
        """See `base.Engine.up`."""
        workspace = self._workspace
        project = load(workspace)
        for warning in project.warnings:
            report.warn(warning)
        planned = plan(project, workspace)
        chosen = planned.choose(services, oneshots=scenario)
        was_running = self.agent()
        running = (
            {task["id"] for task in was_running.tasks() if task["state"] == "running"} if was_running else set[str]()
        )
        ports.check_free(
            (port for unit in chosen if unit.name not in running for port in unit.ports), project.environment
        )
        try:
            templates = planned.templates if any(AGENT_VARIABLE in unit.spec["env"] for unit in chosen) else ()
            ready = programs.prepare([*templates, *chosen], workspace, report)
            agent = was_running or launch.start(workspace.state, launch.socket_path(workspace.state))
        except KeyboardInterrupt:
            with undisturbed(report):
                left = None if was_running else connect(workspace)
                if left is not None:
                    shutdown.stop_all(left, [], report)
            raise Interrupted(
                "interrupted; nothing was started", "What was downloaded is kept for the next time."
            ) from None
        startup = Startup(agent, [ready[unit.name] for unit in chosen], report, time.monotonic() + timeout)
        try:
            files = Files(project, workspace)
            for name in ready:
                files.make(project.services[name])
            for template in templates:
                agent.put_template(template.name, ready[template.name].spec)
            started = startup.run()
        except BaseException as error:
            startup.abort()
            with undisturbed(report):
                _clean_up(agent, startup.touched, planned.units, was_running is not None, report)
            if isinstance(error, KeyboardInterrupt):
                raise Interrupted(
                    "interrupted; what had been started was stopped", "Run `make up` to start again."
                ) from None
            raise
        return Summary(started, {unit.name: unit.urls for unit in chosen})

    def down(self, *, volumes: bool, report: Reporter) -> bool:
        """See `base.Engine.down`."""
        workspace = self._workspace
        agent = self.agent()
        if agent is None and launch.has_tasks(workspace.state):
            agent = launch.start(workspace.state, launch.socket_path(workspace.state))
        if agent is not None:
            shutdown.stop_all(agent, _units_of(workspace, report), report)
        if volumes:
            shutdown.delete_data(workspace)
        return agent is not None

    def restart(self, services: Sequence[str], *, report: Reporter) -> None:
        """See `base.Engine.restart`."""
        agent = self._require()
        names = _running(agent, services)
        for name in names:
            report.stage(name, "starting")
            agent.restart(name)
        _await_healthy(agent, names, RESTART_SECONDS, report)

    def wait(self, services: Sequence[str], *, timeout: float, report: Reporter) -> None:
        """See `base.Engine.wait`."""
        agent = self._require()
        _await_healthy(agent, _running(agent, services), timeout, report)

    def rows(self) -> list[Row]:
        """See `base.Engine.rows`."""
        agent = self.agent()
        return rows(agent) if agent else []

    def logs(self, names: Sequence[str], *, follow: bool, since: float | None, tail: int | None) -> Iterator[Line]:
        """See `base.Engine.logs`."""
        agent = self._require()
        chosen = _known(agent, names)
        sources: dict[str, Callable[[], Iterator[Line]]] = {
            name: partial(task_lines, agent, name, follow=follow, since=since, tail=tail) for name in chosen
        }
        return merged(sources, follow=follow, gone=(AgentUnreachable,))

    def events(self, *, since: float, follow: bool) -> Iterator[dict[str, Any]]:
        """See `base.Engine.events`."""
        return self._require().events(since=since, follow=follow)

    def exec(self, name: str, command: Sequence[str]) -> NoReturn:
        """See `base.Engine.exec`; with the task's environment and working folder."""
        agent = self._require()
        task = agent.task(*_known(agent, [name]))
        spec = task["spec"]
        programs = str(Path(spec["command"][0]).parent)
        environment = {**os.environ, **spec["env"], "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"}
        os.chdir(spec["working_dir"] or task["root"])
        sys.stdout.flush()
        try:
            os.execvpe(command[0], list(command), environment)  # noqa: S606 - replacing this process is what exec means
        except FileNotFoundError:
            raise EngineError(f"there is no program {command[0]} on {name}'s PATH", "Give its path.") from None

    def scenarios(self) -> list[dict[str, str]]:
        """See `base.Engine.scenarios`."""
        service = load(self._workspace).services.get(SCENARIO_SERVICE)
        return described(service.labels if service else {})

    def run_scenario(self, name: str, *, timeout: float, report: Reporter) -> None:
        """See `base.Engine.run_scenario`."""
        workspace = self._workspace
        agent = self._require()
        unit = plan(load(workspace, {"SCENARIO": name}), workspace).named(SCENARIO_SERVICE)
        ready = programs.prepare([unit], workspace, report)
        Startup(agent, list(ready.values()), report, time.monotonic() + timeout).run()


def _clean_up(
    agent: AgentClient, touched: list[str], units: Sequence[Unit], keep_agent: bool, report: Reporter
) -> None:
    if keep_agent:
        shutdown.remove(agent, touched, report)
    else:
        shutdown.stop_all(agent, units, report)


def _units_of(workspace: Workspace, report: Reporter) -> Sequence[Unit]:
    try:
        return plan(load(workspace), workspace).units
    except compose.ComposeError as error:
        report.warn(f"the Compose file can't be read, so everything stops at once: {error}")
        return []


def _known(agent: AgentClient, names: Sequence[str]) -> list[str]:
    """The names, of all there is where none is given.

    Raises:
        EngineError: there is no such service or task.
    """
    known = [task["id"] for task in agent.tasks()]
    for name in names:
        if name not in known:
            raise EngineError(f"nothing named {name} is here", f"There are: {', '.join(known)}.")
    return list(names) or known


def _running(agent: AgentClient, names: Sequence[str]) -> list[str]:
    if names:
        return _known(agent, names)
    return [task["id"] for task in agent.tasks() if task["state"] in ("running", "restarting", "created")]


def _await_healthy(agent: AgentClient, names: Sequence[str], timeout: float, report: Reporter) -> None:
    deadline = time.monotonic() + timeout
    for name in names:
        report.stage(name, "waiting")
        while True:
            status = agent.task(name)
            if status["state"] == "running" and status["health"] in ("healthy", "none"):
                break
            if status["state"] in ("exited", "stopped"):
                raise EngineError(f"{name} is {status['state']}", f"See why with `obsiverse logs {name}`.")
            left = deadline - time.monotonic()
            if left <= 0:
                raise EngineError(
                    f"{name} is {status['health']} after {timeout:.0f} s", f"Look at `obsiverse logs {name}`."
                )
            wait_briefly(agent, name, "healthy", left)
        report.stage(name, "healthy")
