"""Stopping a stack, in the reverse of the order in which it starts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psutil
from obsiverse_client import AgentClient, AgentError

from obsiverse.engine.report import Reporter
from obsiverse.engine.startup import waves
from obsiverse.engine.units import AGENT_VARIABLE, Unit
from obsiverse.engine.workspace import Workspace

AGENT_SECONDS = 5.0


def stop_all(agent: AgentClient, units: Sequence[Unit], report: Reporter) -> None:
    """Stop everything, what depends on something before it, and the agent last.

    The edge, and what depends on it, stops before the tasks that it started, since it would replace them; the other services
    stop after them, since tasks send their last metrics to them.
    """
    edge = _users_of_the_agent(units)
    running = {task["id"]: task for task in agent.tasks()}
    _remove_in_order([unit for unit in units if unit.name in edge and unit.name in running], agent, report)
    services = {unit.name for unit in units}
    remove(agent, [task["id"] for task in agent.tasks() if task["id"] not in services], report)
    _remove_in_order([unit for unit in units if unit.name not in edge and unit.name in running], agent, report)
    _end(agent)


def _users_of_the_agent(units: Sequence[Unit]) -> set[str]:
    """The services that start tasks, and all that depends on them."""
    found = {unit.name for unit in units if AGENT_VARIABLE in unit.spec["env"]}
    while more := {u.name for u in units if u.name not in found and any(d.service in found for d in u.dependencies)}:
        found |= more
    return found


def _remove_in_order(units: Sequence[Unit], agent: AgentClient, report: Reporter) -> None:
    for wave in waves(units):
        remove(agent, wave, report)


def _end(agent: AgentClient) -> None:
    """End the agent and wait until it and its keeper are gone, so that nothing of the stack runs when this returns."""
    try:
        process = psutil.Process(agent.health()["pid"])
        ending = [process, *([process.parent()] if process.ppid() > 1 else [])]
    except psutil.NoSuchProcess:
        ending = []
    agent.shutdown(stop_tasks=True)
    psutil.wait_procs([one for one in ending if one is not None], timeout=AGENT_SECONDS)


def remove(agent: AgentClient, names: Sequence[str], report: Reporter) -> None:
    """Stop tasks and forget them, all at once."""

    def one(name: str) -> None:
        report.stage(name, "stopping")
        try:
            agent.delete(name)
        except AgentError as error:
            report.warn(f"{name}: {error}")
        else:
            report.stage(name, "stopped")

    if names:
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(one, names))


def delete_data(workspace: Workspace) -> None:
    """Delete the named volumes and the generated files."""
    for folder in (workspace.data, workspace.generated):
        if folder.exists():
            shutil.rmtree(folder)
