"""What the agent remembers of a task from one of its own lives to the next."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from obsiverse.agent.spec import Spec

TaskState = Literal["created", "running", "restarting", "stopped", "exited"]
TaskHealth = Literal["none", "starting", "healthy", "unhealthy"]
# What was last asked for. It is on disk before anything is done about it, so that a killed agent's successor goes on.
Wanted = Literal["up", "stopped", "removed"]


class State(BaseModel):
    """A task's state; times are Unix seconds.

    Attributes:
        wanted: what its user last asked for.
        run: what the runtime needs to find its present run again; None before it has started.
        run_hash: the hash of the spec its present run was started with.
        attempts: restarts in a row, for the back-off.
        restarts: restarts in all.
        ports: (container, host).
    """

    model_config = ConfigDict(extra="ignore", validate_assignment=False)

    state: TaskState = "created"
    health: TaskHealth = "none"
    wanted: Wanted = "up"
    run: dict[str, Any] | None = None
    run_hash: str | None = None
    pid: int | None = None
    ports: list[tuple[int, int]] = []
    created_at: float
    started_at: float | None = None
    healthy_at: float | None = None
    finished_at: float | None = None
    exit_code: int | None = None
    signal: str | None = None
    oom_killed: bool = False
    restarts: int = 0
    attempts: int = 0
    message: str = ""

    def host_port(self, container: int) -> int:
        """The port on this machine for a container's; the same where the task has no such entry."""
        return next((host for inner, host in self.ports if inner == container), container)


def status(task: str, spec: Spec, state: State, *, root: str, log: str, hostname: str) -> dict[str, Any]:
    """A task's status, as the API shows it."""
    return {
        "id": task,
        "spec": spec.model_dump(mode="json"),
        "spec_hash": spec.hash(),
        "state": state.state,
        "health": state.health,
        "pid": state.pid,
        "ports": [{"container": container, "host": host} for container, host in state.ports],
        "created_at": state.created_at,
        "started_at": state.started_at,
        "healthy_at": state.healthy_at,
        "finished_at": state.finished_at,
        "exit_code": state.exit_code,
        "signal": state.signal,
        "oom_killed": state.oom_killed,
        "restarts": state.restarts,
        "message": state.message,
        "root": root,
        "log": log,
        "hostname": hostname,
        "container": (state.run or {}).get("container"),
    }
