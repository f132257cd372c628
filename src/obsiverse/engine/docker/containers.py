"""A project's containers: which services they are, and how they are."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import docker.errors

from obsiverse.engine.base import ONESHOT_LABEL, TEMPLATE_LABEL, Line
from obsiverse.engine.docker.address import answering
from obsiverse.engine.status import Row

PROJECT_LABEL, SERVICE_LABEL = "com.docker.compose.project", "com.docker.compose.service"
AGENT_LABEL = "obsiverse.agent"
KIND_LABEL = "obsiverse.kind"
AGENT_KIND = "engine"
_STATUS = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)")
_EXIT = re.compile(r"^(?:Exited|Restarting) \((\d+)\)")
READERS = 16


@dataclass(frozen=True)
class Container:
    """A service's container, as the engine lists it.

    Attributes:
        state: the engine's word: created, running, restarting, exited, paused, dead, removing.
        health: none, starting, healthy or unhealthy.
        exit_code: where it has ended.
    """

    id: str
    service: str
    state: str
    health: str
    exit_code: int | None
    labels: Mapping[str, str]

    @property
    def is_template(self) -> bool:
        """Whether it only shows how tasks are made."""
        return TEMPLATE_LABEL in self.labels

    @property
    def is_oneshot(self) -> bool:
        """Whether it runs once, to its end."""
        return self.labels.get(ONESHOT_LABEL) == "true" or self.is_template

    @property
    def is_up(self) -> bool:
        """Whether it is as it should be: healthy, running where it has no check, or at its end with 0."""
        if self.is_oneshot:
            return self.state == "exited" and self.exit_code == 0
        return self.state == "running" and self.health in ("healthy", "none")


def listed(client: Any, project: str) -> list[Container]:
    """The containers of a project's services, by service; those of `docker compose run` are left out."""
    with answering():
        found = client.api.containers(all=True, filters={"label": f"{PROJECT_LABEL}={project}"})
    return sorted(
        (container(one) for one in found if one["Labels"].get("com.docker.compose.oneoff") != "True"),
        key=lambda one: one.service,
    )


def container(one: Mapping[str, Any]) -> Container:
    """A container out of the engine's list."""
    health = _STATUS.search(one["Status"])
    ended = _EXIT.match(one["Status"])
    labels: dict[str, str] = one["Labels"]
    return Container(
        id=one["Id"],
        service=labels.get(SERVICE_LABEL, ""),
        state=one["State"],
        health=health[1] if health else "none",
        exit_code=int(ended[1]) if ended else None,
        labels=labels,
    )


def rows(client: Any, containers: list[Container]) -> list[Row]:
    """One row a service."""
    with answering(), ThreadPoolExecutor(READERS) as pool:
        found = pool.map(partial(_row, client), [one for one in containers if not one.is_template])
        return [row for row in found if row is not None]


def _row(client: Any, one: Container) -> Row | None:
    try:
        inspected: dict[str, Any] = client.api.inspect_container(one.id)
        running = one.state == "running"
        stats: dict[str, Any] = client.api.stats(one.id, stream=False, one_shot=True) if running else {}
    except docker.errors.NotFound:
        return None  # removed meanwhile
    return row(one, inspected, stats, time.time())


def row(one: Container, inspected: Mapping[str, Any], stats: Mapping[str, Any], now: float) -> Row:
    """A service's row.

    Args:
        inspected, stats: as the engine's API gives them; no stats where it does not run.
        now: Unix seconds.
    """
    state: dict[str, Any] = inspected["State"]
    word: str = state["Status"]
    running = state["Status"] == "running"
    uptime = now - unix_seconds(state["StartedAt"]) if running else None
    memory = stats.get("memory_stats", {})
    cache = memory.get("stats", {})
    cpu = stats.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage", 0) / 1e9
    published: dict[str, list[dict[str, str]] | None] = inspected["NetworkSettings"].get("Ports") or {}
    return Row(
        name=one.service,
        kind=AGENT_KIND if one.labels.get(KIND_LABEL) == AGENT_KIND else "service",
        state={"paused": "stopped", "removing": "stopped", "dead": "exited"}.get(word, word),
        health=one.health if running else "none",
        pid=state["Pid"] or None,
        container=one.id[:12],
        ports=tuple(sorted({int(binding["HostPort"]) for bindings in published.values() for binding in bindings or ()})),
        cpu_percent=round(100 * cpu / max(uptime, 0.1), 2) if uptime is not None else None,
        rss_bytes=memory.get("usage", 0) - cache.get("total_inactive_file", cache.get("inactive_file", 0)) if running else None,
        uptime_seconds=uptime,
        restarts=inspected["RestartCount"],
        exit_code=None if running else state["ExitCode"],
    )  # fmt: skip


def ending(client: Any, one: Container) -> str:
    """Why a container is not up, in words."""
    try:
        state: dict[str, Any] = client.api.inspect_container(one.id)["State"]
    except docker.errors.NotFound:
        return "was removed"
    if state.get("OOMKilled"):
        return "was killed: it needed more memory than its limit or the machine has"
    if one.health == "unhealthy":
        return "is unhealthy: its health check keeps failing"
    if state.get("Error"):
        return f"could not start: {state['Error']}"
    # As it was when it was listed: Docker may be starting it again by now.
    return f"exited with code {state['ExitCode'] if one.exit_code is None else one.exit_code}"


def lines(
    client: Any, name: str, container_id: str, *, follow: bool, since: float | None, tail: int | None
) -> Iterator[Line]:
    """What a container printed."""
    options: dict[str, Any] = {
        "stream": True,
        "follow": follow,
        "timestamps": True,
        "tail": "all" if tail is None else tail,
    }
    if since is not None and since > 0:
        options["since"] = since
    rest = b""
    with answering():
        for piece in client.api.logs(container_id, **options):
            # A long line comes in pieces, each with its time.
            stamp, _, text = piece.partition(b" ")
            rest += text
            if rest.endswith(b"\n"):
                yield name, unix_seconds(stamp.decode()), rest.rstrip(b"\r\n").decode(errors="replace")
                rest = b""
        if rest:
            yield name, time.time(), rest.decode(errors="replace")


def unix_seconds(stamp: str) -> float:
    """A time of the engine's API, such as 2026-01-31T12:00:00.123456789Z."""
    seconds, _, fraction = stamp.removesuffix("Z").partition(".")
    whole = datetime.datetime.fromisoformat(f"{seconds}+00:00").timestamp()
    return whole + (float(f"0.{fraction}") if fraction.isdecimal() else 0.0)
