"""A real agent in a folder of its own, which a test may kill and start again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from obsiverse_client import AgentClient, AgentUnreachable

from obsiverse.agent import launch


class RealAgent:
    """The agent's process, without its keeper."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.folder = state / "agent"
        self.socket = launch.socket_path(state)
        self.client = AgentClient(f"unix://{self.socket}")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> AgentClient:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "agent.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "obsiverse.agent", "--state", str(self.state), "--socket", str(self.socket)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                if self.client.health()["pid"] == self.process.pid:
                    return self.client
            except AgentUnreachable:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise AssertionError(self.log()) from None
                time.sleep(0.02)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def log(self) -> str:
        return (self.folder / "agent.log").read_text(errors="replace")

    def processes(self, task: str | None = None) -> list[psutil.Process]:
        """What lives of this agent's tasks, zombies aside."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            try:
                environ = process.environ()
                if process.status() == psutil.STATUS_ZOMBIE or process.pid == getattr(self.process, "pid", None):
                    continue
            except psutil.Error:
                continue
            mine = environ.get("OBSIVERSE_STATE_MARK") == str(self.folder.resolve())
            if mine and task in (None, environ.get("OBSIVERSE_TASK")):
                found.append(process)
        return found

    def programs(self, task: str) -> list[psutil.Process]:
        """What lives of a task, its wrapper and shells aside."""
        return [one for one in self.processes(task) if "wrapper.sh" not in " ".join(one.cmdline()[:2])]

    def clean_up(self) -> None:
        if self.process is not None:
            self.kill()
        while left := self.processes():
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left, 5)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealAgent]:
    """An agent not yet started; its state folder's name has a space."""
    agent = RealAgent(tmp_path / "a state")
    try:
        yield agent
    finally:
        agent.clean_up()
        agent.socket.unlink(missing_ok=True)
        if agent.socket.parent.is_dir():
            agent.socket.parent.rmdir()


@pytest.fixture
def agent(real: RealAgent) -> AgentClient:
    """The client of a running agent."""
    return real.start()


@pytest.fixture
def until() -> Callable[..., Any]:
    """Wait until a condition holds, and return what it gave."""

    def wait(condition: Callable[[], Any], within: float = 20) -> Any:
        deadline = time.monotonic() + within
        while not (found := condition()):
            assert time.monotonic() < deadline, "it did not come to hold"
            time.sleep(0.02)
        return found

    return wait


@pytest.fixture
def alive() -> Callable[[int], bool]:
    """Whether a process lives; a zombie does not."""

    def check(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return check


@pytest.fixture
def kill9() -> Callable[[int], None]:
    return lambda pid: os.kill(pid, signal.SIGKILL)
