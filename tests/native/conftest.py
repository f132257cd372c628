"""Tiny stacks of plain programs, run by the real CLI, engine and agent."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
OBSIVERSE = ROOT / ".venv" / "bin" / "obsiverse"
SERVER = f"[{sys.executable}, -m, http.server, --bind, 127.0.0.1, '{{port}}']"


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class TinyStack:
    """A Compose file in a folder of its own, and the CLI over it."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.file = folder / "compose.yaml"
        self.state = folder / "state"
        self.environment = {
            **os.environ,
            "OBSIVERSE_STATE": str(self.state),
            "OBSIVERSE_ENGINE": "native",
            **(environment or {}),
        }

    def write(self, text: str, **values: object) -> None:
        """Set the Compose file."""
        text = textwrap.dedent(text)
        for name, value in values.items():
            text = text.replace(f"<{name}>", str(value))
        self.file.write_text("name: tiny\n" + text)

    def run(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run the CLI to its end."""
        return subprocess.run(
            [OBSIVERSE, "-f", self.file, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the CLI and return at once."""
        return subprocess.Popen(
            [OBSIVERSE, "-f", self.file, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def rows(self) -> dict[str, dict[str, Any]]:
        """`ps --json` by name."""
        done = self.run("ps", "--json")
        assert done.returncode == 0, done.stderr
        return {row["name"]: row for row in json.loads(done.stdout)}

    def processes(self) -> list[psutil.Process]:
        """Every living process of this stack: those with its state folder in their environment or command."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter(["environ", "cmdline", "status"]):
            seen = f"{process.info['environ']} {process.info['cmdline']}"
            if (
                str(self.state) in seen
                and process.pid != os.getpid()
                and process.info["status"] != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        return found

    def agent_pid(self) -> int:
        """The agent's process."""
        from obsiverse_client import AgentClient

        from obsiverse.agent import launch

        return AgentClient(f"unix://{launch.socket_path(self.state)}").health()["pid"]


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[TinyStack]:
    """A stack in a folder with a space in its name; nothing of it may be left afterwards."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    stack = TinyStack(folder)
    yield stack
    stack.run("down", "-v")
    left = stack.processes()
    for process in left:
        process.send_signal(signal.SIGKILL)
    assert not left, [process.info for process in left]


@pytest.fixture
def until() -> Callable[..., Any]:
    """Call a function until what it returns is true."""

    def wait(probe: Callable[[], Any], within: float = 20) -> Any:
        deadline = time.monotonic() + within
        while not (value := probe()):
            assert time.monotonic() < deadline, f"not within {within} s"
            time.sleep(0.05)
        return value

    return wait
