"""Which engine runs a stack: the one that does already, else the one that was asked for, else Docker where an engine answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from obsiverse.agent import launch
from obsiverse.engine.base import Engine
from obsiverse.engine.errors import EngineError
from obsiverse.engine.native import NativeEngine
from obsiverse.engine.workspace import Workspace

if TYPE_CHECKING:
    from obsiverse.engine.docker.engine import DockerEngine

VARIABLE = "OBSIVERSE_ENGINE"
CHOICES = ("auto", "docker", "native")


def present(workspace: Workspace) -> Engine:
    """The engine that runs a workspace's stack; where nothing runs, the one that would be taken.

    Raises:
        EngineError: the stack is in Docker, or OBSIVERSE_ENGINE asks for that, and no engine answers.
    """
    wanted = _wanted(None)
    if _runs_natively(workspace) or wanted == "native":
        return NativeEngine(workspace)
    if wanted == "docker" or workspace.docker_mark.exists():
        return _docker(workspace)
    try:
        found = _docker(workspace)
    except EngineError:
        return NativeEngine(workspace)
    return found


def for_up(
    workspace: Workspace, engine: str | None, *, gpu: bool | None = None, build: bool = False
) -> tuple[Engine, str]:
    """The engine to bring a stack up with, and why, where that is worth a line.

    Args:
        engine: `auto`, `docker` or `native`; what OBSIVERSE_ENGINE says where None, else auto.
        gpu: give model tasks the Docker engine's NVIDIA GPUs; by itself where None.
        build: build images also where they are here.

    Raises:
        EngineError: there is no such engine, it can't be had, or the other one runs this stack.
    """
    wanted = _wanted(engine)
    natively = _runs_natively(workspace)
    if natively and wanted == "docker":
        raise EngineError("this stack runs natively", "End it with `make down` before it starts in Docker.")
    if natively:
        return NativeEngine(workspace), ""
    try:
        docker = _docker(workspace, gpu=gpu, build=build)
    except EngineError as error:
        if wanted == "docker":
            raise
        # Said only where Docker is there and something about it can be mended.
        reason = f"natively: {error.message}. {error.hint}" if error.hint and wanted == "auto" else ""
        return NativeEngine(workspace), reason
    if wanted == "native":
        if docker.exists():
            raise EngineError("this stack runs in Docker", "End it with `make down` before it starts natively.")
        return NativeEngine(workspace), ""
    return (
        docker,
        f"in Docker {docker.version}; `--engine native` runs it as plain processes" if wanted == "auto" else "",
    )


def _wanted(engine: str | None) -> str:
    chosen = engine or os.environ.get(VARIABLE) or "auto"
    if chosen not in CHOICES:
        raise EngineError(f"there is no engine {chosen!r}", f"Use one of {', '.join(CHOICES)}.")
    return chosen


def _runs_natively(workspace: Workspace) -> bool:
    return NativeEngine(workspace).agent() is not None or launch.has_tasks(workspace.state)


def _docker(workspace: Workspace, *, gpu: bool | None = None, build: bool = False) -> DockerEngine:
    # Here, because the SDK takes longer to load than a native `ps` takes.
    from obsiverse.engine.docker.engine import DockerEngine

    return DockerEngine.find(workspace, gpu=gpu, build=build)
