"""Finding the Docker engine and talking to it."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Generator
from typing import Any

import docker
import docker.context
import docker.errors
import requests
import urllib3.exceptions

from obsiverse.engine.errors import EngineError

OLDEST = (20, 10)
START_INTERVAL_SINCE = 25
"""Engines before this version know no `start_interval` of health checks."""
ANSWER_SECONDS = 60
DEFAULT = "unix:///var/run/docker.sock"
INSTALL = "Start Docker, or use `--engine native`."


def address() -> str:
    """Where the engine is: DOCKER_HOST, else the current context of Docker's command line, else the usual socket."""
    given = os.environ.get("DOCKER_HOST")
    if given:
        return given
    try:
        context: Any = docker.context.ContextAPI.get_current_context()
    except (docker.errors.DockerException, OSError, ValueError):
        return DEFAULT
    return (context and context.Host) or DEFAULT


def connect() -> Any:
    """A client of the engine, the `docker` SDK's; untyped.

    Raises:
        EngineError: it does not answer, may not be talked to, or is too old.
    """
    where = address()
    try:
        client: Any = (
            docker.from_env(version="auto", timeout=ANSWER_SECONDS)
            if os.environ.get("DOCKER_HOST")
            else docker.DockerClient(base_url=where, version="auto", timeout=ANSWER_SECONDS)
        )
        version = str(client.version()["Version"])
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise unreachable(error, where) from error
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers and (int(numbers[1]), int(numbers[2])) < OLDEST:
        raise EngineError(
            f"the Docker engine at {where} is {version}, and {'.'.join(map(str, OLDEST))} is the oldest that will do",
            "Update Docker, or use `--engine native`.",
        )
    return client


@contextlib.contextmanager
def answering() -> Generator[None]:
    """Turn what the SDK raises of an engine that goes away into EngineError.

    Raises:
        EngineError: it does not answer, or no longer.
    """
    try:
        yield
    except (docker.errors.DockerException, requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise unreachable(error, address()) from error


def unreachable(error: Exception, where: str) -> EngineError:
    """What to say of an engine that refuses or does not answer. Without a hint where there simply is none."""
    text = str(error)
    if isinstance(error, docker.errors.APIError):
        return EngineError(f"the Docker engine refuses: {text}", "Mend that, then run it again.")
    if "Permission denied" in text or "PermissionError" in text:
        return EngineError(
            f"this user may not use the Docker engine at {where}",
            "Join the group that owns its socket (`sudo usermod -aG docker $USER`, then log in again), or use `--engine native`.",
        )
    if "FileNotFoundError" in text and not os.environ.get("DOCKER_HOST"):
        return EngineError(f"there is no Docker engine at {where}")
    return EngineError(f"the Docker engine at {where} does not answer: {_cause(error)}", INSTALL)


def _cause(error: BaseException) -> str:
    """The innermost reason; what wraps it says the same at length."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return getattr(error, "strerror", None) or str(error)


def socket_of(where: str) -> str | None:
    """The path of the engine's socket, for the agent's container; None where the usual one is right.

    Docker Desktop's engine is in a machine of its own, where it has the usual path.
    """
    path = where.removeprefix("unix://")
    return path if sys.platform == "linux" and path != where and "/desktop/" not in path else None
