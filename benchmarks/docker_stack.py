"""The stack in Docker: how large its images are, how long it takes to come up, and a task to start.

Needs an engine with the images built (`obsiverse up --engine docker` once), and a stack that is down.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "obsiverse-benchmark"
os.environ["COMPOSE_PROJECT_NAME"] = PROJECT
os.environ["OBSIVERSE_ENGINE"] = "docker"

# After the project's name is set, which is read when the engine is made.
from obsiverse_client import AgentClient  # noqa: E402

from obsiverse.engine.docker import containers  # noqa: E402
from obsiverse.engine.docker.agent_exec import ExecConnector  # noqa: E402
from obsiverse.engine.docker.engine import DockerEngine  # noqa: E402
from obsiverse.engine.errors import EngineError  # noqa: E402
from obsiverse.engine.workspace import Workspace  # noqa: E402

BASE = "python:3.13-slim"
OURS = ("aws", "endpoints", "telemetry", "mlflow", "inbox", "traffic", "scenario", "agent", "otel-collector")
ROUNDS = 3
TASKS = 15


def main() -> None:
    """Print the tables."""
    try:
        engine = DockerEngine.find(Workspace.find())
    except EngineError as error:
        print(f"skipped: {error}")
        return
    sizes(engine.client)
    up(engine)


def sizes(client: Any) -> None:
    """Sizes of images, what they share counted once."""
    base = client.images.get(BASE)
    layers = base.attrs["RootFS"]["Layers"]
    total = base.attrs["Size"]
    print("| image | MB beyond the base |\n|---|---|")
    for name in (*OURS, "model"):
        image = client.images.get(f"obsiverse/{name}")
        shared = image.attrs["RootFS"]["Layers"][: len(layers)] == layers
        own = image.attrs["Size"] - (base.attrs["Size"] if shared else 0)
        total += own if name != "model" else 0
        print(f"| {name} | {own / 1e6:.0f} |")
    print(f"| {BASE} | {base.attrs['Size'] / 1e6:.0f} |\n| all without model | {total / 1e6:.0f} |\n")


def up(engine: DockerEngine) -> None:
    """Times of plain `docker compose up --wait`, of `down`, and of starting a task."""
    compose = engine.compose
    compose.run("up", "--wait")
    try:
        ups, downs = [], []
        for _ in range(ROUNDS):
            downs.append(timed(compose, "down"))
            ups.append(timed(compose, "up", "--wait"))
        starts = [start_a_task(engine, number) for number in range(TASKS)]
    finally:
        compose.run("down", "--volumes")
    print("| what | median | all |\n|---|---|---|")
    for what, unit, values in (
        ("warm `docker compose up --wait`", "s", ups),
        ("`docker compose down`", "s", downs),
        ("a task's start", "ms", [1000 * value for value in starts]),
    ):
        print(f"| {what} | {statistics.median(values):.1f} {unit} | {', '.join(f'{one:.1f}' for one in values)} |")


def timed(compose: Any, *arguments: str) -> float:
    """Seconds that a command takes."""
    began = time.perf_counter()
    compose.run(*arguments)
    return time.perf_counter() - began


def start_a_task(engine: DockerEngine, number: int) -> float:
    """Seconds from the agent's first step for a task to its container running."""
    container = next(one for one in containers.listed(engine.client, PROJECT) if one.service == "agent")
    agent = AgentClient(ExecConnector(engine.client.containers.get(container.id)))
    spec = {"template": "model", "args": ["serve"], "health": {"test": ["NONE"]}}
    status = agent.put_task(f"benchmark-{number}", spec)
    agent.delete(f"benchmark-{number}")
    return status["started_at"] - status["created_at"]


if __name__ == "__main__":
    sys.exit(main())
