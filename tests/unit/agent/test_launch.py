"""Bringing the agent up, and keeping it up."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest
from obsiverse_client import AgentClient

from obsiverse.agent import launch
from obsiverse.agent.errors import LaunchFailed


def keepers(state: Path) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if str(state) in line and str(launch.KEEPER) in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def started_for(state: Path) -> list[psutil.Process]:
    """The agent of a state folder and what runs for its tasks."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter(["cmdline", "environ", "status"]):
        mark = (process.info["environ"] or {}).get("OBSIVERSE_STATE_MARK")
        mine = mark == str(state / "agent") or (
            "obsiverse.agent" in (line := process.info["cmdline"] or []) and str(state) in line
        )
        if mine and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "a state"
    yield folder
    while left := [*keepers(folder), *started_for(folder)]:
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, 5)
    socket = launch.socket_path(folder)
    socket.unlink(missing_ok=True)
    if socket.parent.is_dir():
        socket.parent.rmdir()


def test_launching_twice_and_at_once_gives_one_agent(state: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        clients = list(pool.map(lambda _: launch.start(state), range(6)))
    assert len({client.health()["pid"] for client in clients}) == 1
    assert len(keepers(state)) == 1


def test_a_killed_agent_comes_back_by_itself_and_calls_wait_for_it(state: Path) -> None:
    client = launch.start(state)
    pid = client.put_task("a", {"command": ["sleep", "1000"]})["pid"]
    os.kill(client.health()["pid"], signal.SIGKILL)
    assert AgentClient(client.address, patience=20).task("a")["pid"] == pid


def test_the_keeper_ends_with_the_agent(state: Path, until: Callable[..., Any]) -> None:
    launch.start(state).shutdown()
    until(lambda: keepers(state) == [])
    assert not launch.socket_path(state).parent.exists()


def test_tasks_obey_the_signals_that_whoever_starts_the_agent_ignores(state: Path) -> None:
    ignored = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    try:
        client = launch.start(state)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in ignored:
        client.put_task(number.name, {"command": ["sleep", "1000"]})
        client.signal(number.name, number.name)
        assert client.wait(number.name, "exited", timeout=10)["signal"] == number.name


def test_a_new_agent_can_be_had_while_the_old_one_is_ending(state: Path) -> None:
    for _ in range(3):
        client = launch.start(state)
        client.put_task("a", {"command": ["sleep", "1000"]})
        client.shutdown()
    assert launch.start(state).task("a")["state"] == "stopped"


def test_an_agent_that_cannot_start_is_an_error_with_its_log(state: Path) -> None:
    socket = launch.socket_path(state)
    socket.parent.mkdir(mode=0o700)
    socket.parent.chmod(0o777)
    with pytest.raises(LaunchFailed, match="not this user's alone"):
        launch.start(state)
    assert keepers(state) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_the_keeper_starts_ends_it(
    state: Path, number: int, monkeypatch: pytest.MonkeyPatch, until: Callable[..., Any]
) -> None:
    started: list[int] = []

    class Interrupted(subprocess.Popen[Any]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self.pid)
            os.kill(os.getpid(), number)
            time.sleep(0.05)  # the signal comes before anyone has this object

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    try:
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(launch.subprocess, "Popen", Interrupted)
            launch.start(state)
        assert signal.getsignal(number) is interrupt
    finally:
        signal.signal(number, before)
    assert len(started) == 1
    until(lambda: not keepers(state) and not started_for(state))


def test_tasks_left_behind_are_known_without_an_agent(state: Path) -> None:
    assert not launch.has_tasks(state)
    client = launch.start(state)
    client.put_task("a", {"command": ["true"]})
    assert launch.has_tasks(state)
    client.delete("a")
    assert not launch.has_tasks(state)


def test_the_socket_is_short_and_its_own_for_each_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    long = tmp_path / ("x" * 200)
    assert len(str(launch.socket_path(long))) < 100
    assert launch.socket_path(long) != launch.socket_path(tmp_path)
    with TemporaryDirectory(dir="/tmp") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        assert launch.socket_path(long).is_relative_to(runtime)
    (tmp_path / ("y" * 100)).mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("y" * 100)))
    assert len(str(launch.socket_path(long))) < 100
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))
    assert launch.socket_path(long).is_relative_to("/tmp")
