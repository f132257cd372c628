"""The verbs of the native engine: up, down, restart, wait, logs."""

from __future__ import annotations

import heapq
import os
import queue
import signal
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from obsiverse_client import AgentClient, AgentUnreachable

from obsiverse import compose
from obsiverse.agent import launch
from obsiverse.engine import ports, programs, shutdown
from obsiverse.engine.errors import EngineError, Interrupted
from obsiverse.engine.files import Files
from obsiverse.engine.report import Reporter
from obsiverse.engine.startup import Started, Startup, wait_briefly
from obsiverse.engine.units import AGENT_VARIABLE, Unit, plan
from obsiverse.engine.workspace import Workspace


@dataclass(frozen=True)
class Summary:
    """What `up` brought up.

    Attributes:
        started: one entry a service, in the Compose file's order.
        urls: by service, where it answers.
    """

    started: list[Started]
    urls: dict[str, tuple[str, ...]]


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


def require(workspace: Workspace) -> AgentClient:
    """The agent of a workspace.

    Raises:
        EngineError: nothing runs.
    """
    agent = connect(workspace)
    if agent is None:
        raise EngineError("nothing is running", "Start it with `make up`.")
    return agent


def up(workspace: Workspace, services: Sequence[str], *, timeout: float, scenario: bool, report: Reporter) -> Summary:
    """Bring services up, with what they depend on, and wait until they are healthy.

    Args:
        services: their names; all where empty.
        timeout: seconds until what is not up has failed; getting programs is not counted.
        scenario: run the one-shot services too, after the others.

    Raises:
        EngineError: something failed; what this call had started is stopped again.
        Interrupted: Ctrl-C; likewise.
    """
    project = load(workspace)
    for warning in project.warnings:
        report.warn(warning)
    planned = plan(project, workspace)
    chosen = planned.choose(services, oneshots=scenario)
    was_running = connect(workspace)
    running = {task["id"] for task in was_running.tasks() if task["state"] == "running"} if was_running else set[str]()
    ports.check_free((port for unit in chosen if unit.name not in running for port in unit.ports), project.environment)
    try:
        templates = planned.templates if any(AGENT_VARIABLE in unit.spec["env"] for unit in chosen) else ()
        ready = programs.prepare([*templates, *chosen], workspace, report)
        agent = was_running or launch.start(workspace.state, launch.socket_path(workspace.state))
    except KeyboardInterrupt:
        with _undisturbed(report):
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
        with _undisturbed(report):
            _clean_up(agent, startup.touched, planned.units, was_running is not None, report)
        if isinstance(error, KeyboardInterrupt):
            raise Interrupted(
                "interrupted; what had been started was stopped", "Run `make up` to start again."
            ) from None
        raise
    return Summary(started, {unit.name: unit.urls for unit in chosen})


@contextmanager
def _undisturbed(report: Reporter) -> Generator[None]:
    """Let no second Ctrl-C end the cleaning up."""

    def wait(_number: int, _frame: object) -> None:
        report.warn("stopping what was started; this takes a few seconds")

    before = {number: signal.signal(number, wait) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _clean_up(
    agent: AgentClient, touched: list[str], units: Sequence[Unit], keep_agent: bool, report: Reporter
) -> None:
    if keep_agent:
        shutdown.remove(agent, touched, report)
    else:
        shutdown.stop_all(agent, units, report)


def down(workspace: Workspace, *, volumes: bool, report: Reporter) -> bool:
    """Stop everything and, with `volumes`, delete its data.

    Returns:
        False where nothing was running.
    """
    agent = connect(workspace)
    if agent is None and launch.has_tasks(workspace.state):
        agent = launch.start(workspace.state, launch.socket_path(workspace.state))
    if agent is not None:
        shutdown.stop_all(agent, _units_of(workspace, report), report)
    if volumes:
        shutdown.delete_data(workspace)
    return agent is not None


def _units_of(workspace: Workspace, report: Reporter) -> Sequence[Unit]:
    try:
        return plan(load(workspace), workspace).units
    except compose.ComposeError as error:
        report.warn(f"the Compose file can't be read, so everything stops at once: {error}")
        return []


def restart(workspace: Workspace, services: Sequence[str], *, report: Reporter) -> None:
    """Restart services, all where none is named, and wait until they are healthy."""
    agent = require(workspace)
    names = _running(agent, services)
    for name in names:
        report.stage(name, "starting")
        agent.restart(name)
    _await_healthy(agent, names, 120, report)


def wait(workspace: Workspace, services: Sequence[str], *, timeout: float, report: Reporter) -> None:
    """Wait until services, all where none is named, are healthy.

    Raises:
        EngineError: one is not in time.
    """
    agent = require(workspace)
    _await_healthy(agent, _running(agent, services), timeout, report)


def _running(agent: AgentClient, services: Sequence[str]) -> list[str]:
    tasks = {task["id"]: task for task in agent.tasks()}
    for name in services:
        if name not in tasks:
            raise EngineError(f"nothing named {name} is here", f"There are: {', '.join(tasks)}.")
    return list(services) or [
        name for name, task in tasks.items() if task["state"] in ("running", "restarting", "created")
    ]


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


def merged_logs(
    agent: AgentClient, names: Sequence[str], *, follow: bool, since: float | None, tail: int | None
) -> Iterator[tuple[str, float, str]]:
    """The lines of several logs as (name, Unix seconds, line), in the order of their times."""
    if not follow:
        yield from heapq.merge(
            *([(name, at, line) for at, line in agent.logs(name, since=since, tail=tail)] for name in names),
            key=lambda entry: entry[1],
        )
        return
    lines: queue.SimpleQueue[tuple[str, float, str] | None] = queue.SimpleQueue()

    def pump(name: str) -> None:
        try:
            for at, line in agent.logs(name, follow=True, since=since, tail=tail):
                lines.put((name, at, line))
        except AgentUnreachable:
            pass
        lines.put(None)

    for name in names:
        threading.Thread(target=pump, args=(name,), daemon=True).start()
    open_logs = len(names)
    while open_logs:
        entry = lines.get()
        if entry is None:
            open_logs -= 1
        else:
            yield entry


SCENARIO_SERVICE = "scenario"
SCENARIO_LABEL = "obsiverse.scenario."


def scenarios(workspace: Workspace) -> list[dict[str, str]]:
    """Name and description of each scenario: the labels `obsiverse.scenario.NAME` of the service `scenario`."""
    service = load(workspace).services.get(SCENARIO_SERVICE)
    labels = service.labels if service else {}
    return [
        {"name": label.removeprefix(SCENARIO_LABEL), "description": text}
        for label, text in labels.items()
        if label.startswith(SCENARIO_LABEL)
    ]


def run_scenario(workspace: Workspace, name: str, *, timeout: float, report: Reporter) -> None:
    """Run a scenario on the running stack, to its end.

    Raises:
        EngineError: there is no such scenario, nothing runs, or the scenario did not hold.
    """
    known = [one["name"] for one in scenarios(workspace)]
    if name not in known:
        raise EngineError(f"there is no scenario {name}", f"There are: {', '.join(known) or 'none'}.")
    agent = require(workspace)
    unit = plan(load(workspace, {"SCENARIO": name}), workspace).named(SCENARIO_SERVICE)
    ready = programs.prepare([unit], workspace, report)
    Startup(agent, list(ready.values()), report, time.monotonic() + timeout).run()
