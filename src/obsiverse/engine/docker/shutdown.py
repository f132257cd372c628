"""Ending a stack in Docker, and whatever else carries its name."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

import docker.errors

from obsiverse.engine.docker.compose_cli import Compose
from obsiverse.engine.docker.containers import AGENT_LABEL, PROJECT_LABEL, Container
from obsiverse.engine.report import Reporter

NETWORK_SECONDS = 10.0
_STAGE = re.compile(r"^\s*Container (\S+)\s+(Stopping|Stopped|Removing|Removed)\b")


def down(client: Any, compose: Compose, project: str, *, volumes: bool, report: Reporter) -> bool:
    """Stop and remove a project's containers and networks and, with `volumes`, its volumes.

    Args:
        compose: knows the project's name alone, so Compose takes the rest from the labels of what is there.

    Returns:
        False where there was nothing.

    Raises:
        EngineError: Compose failed.
    """
    of_project = {"label": f"{PROJECT_LABEL}={project}"}
    prefix = re.compile(rf"{re.escape(project)}-(.+)-\d+$")

    def show(line: str) -> None:
        if found := _STAGE.match(line):
            name = prefix.match(found[1])
            if name and found[2] in ("Stopping", "Removed"):
                report.stage(name[1], "stopping" if found[2] == "Stopping" else "stopped")

    api = client.api
    was_there = bool(api.containers(all=True, filters=of_project) or tasks(client, project))
    anything = was_there or api.networks(filters=of_project) or (volumes and api.volumes(filters=of_project)["Volumes"])
    if not anything:
        return False
    # A killed agent's tasks keep the network: they go first, as the agent would have it.
    if not _agent_runs(client, project):
        _remove_tasks(client, project)
    compose.run("down", "--remove-orphans", *(["--volumes"] if volumes else []), on_line=show)
    _remove_tasks(client, project)
    _remove_networks(client, of_project)
    return was_there


def tasks(client: Any, project: str) -> list[dict[str, Any]]:
    """The containers that a project's agent started."""
    return client.api.containers(all=True, filters={"label": f"{AGENT_LABEL}={project}"})


def _agent_runs(client: Any, project: str) -> bool:
    labels = [f"{PROJECT_LABEL}={project}", "obsiverse.kind=engine"]
    return bool(client.api.containers(filters={"label": labels}))


def _remove_tasks(client: Any, project: str) -> None:
    for task in tasks(client, project):
        _remove(client, task["Id"])


def remove(containers: Sequence[Container], client: Any, report: Reporter) -> None:
    """Remove some services' containers."""
    for one in containers:
        report.stage(one.service, "stopping")
        _remove(client, one.id)
        report.stage(one.service, "stopped")


def _remove(client: Any, container: str) -> None:
    try:
        client.api.remove_container(container, v=True, force=True)
    except docker.errors.NotFound:
        pass
    except docker.errors.APIError as error:
        if "already in progress" not in str(error):
            raise


def _remove_networks(client: Any, filters: dict[str, str]) -> None:
    """Remove what Compose left because a task still used it."""
    deadline = time.monotonic() + NETWORK_SECONDS
    while left := client.api.networks(filters=filters):
        for network in left:
            try:
                client.api.remove_network(network["Id"])
            except docker.errors.NotFound:
                pass
            except docker.errors.APIError:
                if time.monotonic() > deadline:
                    raise
        if time.monotonic() > deadline:
            return
