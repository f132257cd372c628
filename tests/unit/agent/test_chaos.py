"""Agents killed at any moment, and a disk that is full: the tasks are none the worse."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from obsiverse_client import AgentClient, AgentError, AgentUnreachable

SLEEP: dict[str, Any] = {"command": ["sleep", "1000"]}


SERVICE: dict[str, Any] = {**SLEEP, "restart": {"policy": "always"}}


@pytest.mark.parametrize("seed", range(4))
def test_agents_killed_at_any_moment_run_nothing_twice_and_lose_nothing(
    real: Any, until: Callable[..., Any], seed: int
) -> None:
    chance = random.Random(seed)
    tasks = [f"task-{number}" for number in range(4)]
    wanted: dict[str, set[str]] = {task: {"none"} for task in tasks}
    for _ in range(5):
        agent = AgentClient(real.start() and f"unix://{real.socket}", patience=0)
        killer = threading.Timer(chance.uniform(0.02, 0.6), real.process.kill)
        killer.start()
        try:
            while True:
                _act(agent, chance, chance.choice(tasks), wanted)
        except AgentUnreachable:
            real.process.wait()
        finally:
            killer.join()
    agent = real.start()

    def settled() -> bool:
        return all(_found(agent, real, task) in wanted[task] for task in tasks)

    try:
        until(settled)
        time.sleep(0.5)
        assert settled()
    except AssertionError:
        events = "\n".join(str(event) for event in agent.events())
        pytest.fail(
            f"wanted {wanted}, found { {task: _found(agent, real, task) for task in tasks} }\n{agent.tasks()}\n{events}"
        )
    agent.shutdown()
    assert real.processes() == []


def _act(agent: AgentClient, chance: random.Random, task: str, wanted: dict[str, set[str]]) -> None:
    """Do something, and note what may be the case: before and after it until it is answered, then only after it."""
    verb = chance.choice(["put", "put", "put", "stop", "delete"])
    after = f"{chance.randrange(3)}" if verb == "put" else "none"
    wanted[task].add(after)
    if verb == "put":
        # A stopped task stays stopped where its spec is put again.
        status = agent.put_task(task, {**SERVICE, "args": [after], "stop_grace": 1})
        after = after if status["state"] == "running" else "none"
    else:
        try:
            agent.stop(task) if verb == "stop" else agent.delete(task)
        except AgentError as error:
            assert error.status == 404
    wanted[task] = {after}


def _found(agent: AgentClient, real: Any, task: str) -> str:
    running = real.programs(task)
    assert len(running) <= 1, "it runs twice"
    known = [status for status in agent.tasks() if status["id"] == task]
    if not running:
        return "none" if not known or known[0]["state"] == "stopped" else "changing"
    try:
        argument = running[0].cmdline()[2]
    except (psutil.Error, IndexError):
        return "changing"
    return argument if known and known[0]["pid"] == running[0].pid else "changing"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A state folder on a disk of 2 MiB."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only root can mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small disk can't be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def cramped(small_disk: Path, real: Any) -> Any:
    """An agent whose state is on a small disk."""
    return type(real)(small_disk)


def test_a_full_disk_is_an_error_and_never_the_agents_end(
    cramped: Any, small_disk: Path, until: Callable[..., Any]
) -> None:
    try:
        agent = cramped.start()
        pid = agent.put_task("a", SERVICE)["pid"]
        ballast = small_disk / "ballast"
        with ballast.open("wb") as file, pytest.raises(OSError, match="space"):
            while True:
                file.write(b"\0" * 4096)
                file.flush()
        for call in (
            lambda: agent.put_task("b", SLEEP),
            lambda: agent.put_task("a", {**SERVICE, "args": ["1"]}),
            lambda: agent.put_template("t", SLEEP),
            lambda: agent.put_archive("c", "/opt", b"\0" * 1_000_000),
        ):
            with pytest.raises(AgentError) as caught:
                call()
            assert (caught.value.status, caught.value.code) == (507, "disk_full")
        assert agent.task("a")["pid"] == pid
        assert [task["id"] for task in agent.tasks()] == ["a"]
        assert agent.stop("a")["state"] == "stopped"
        ballast.unlink()
        until(lambda: json.loads((cramped.folder / "tasks/a/state.json").read_text())["state"] == "stopped")
        assert agent.put_task("b", SLEEP)["state"] == "running"
    finally:
        cramped.clean_up()
        cramped.socket.unlink(missing_ok=True)
        cramped.socket.parent.rmdir()
