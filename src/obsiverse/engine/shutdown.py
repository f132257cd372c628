"""Stopping a stack, in the reverse of the order in which it starts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psutil
from obsiverse_client import AgentClient, AgentError

from obsiverse.engine.report import Reporter
from obsiverse.engine.startup import waves
from obsiverse.engine.units import Unit
from obsiverse.engine.workspace import Workspace

AGENT_SECONDS = 5.0


def stop_all(agent: AgentClient, units: Sequence[Unit], report: Reporter) -> None:
    """Stop the services, then the tasks that the emulated AWS started, then the agent.

    The services stop first: the edge would replace its tasks as long as it runs.
    """
    running = {task["id"] for task in agent.tasks()}
    for wave in waves(units):
        remove(agent, [name for name in wave if name in running], report)
    remove(agent, [task["id"] for task in agent.tasks()], report)
    _end(agent)


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
