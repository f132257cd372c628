"""Bringing a state folder's agent up, and finding it: for those who use the agent, not for the agent itself."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from obsiverse_client import AgentClient, AgentUnreachable

from obsiverse.agent.errors import LaunchFailed, naming_full_disk

KEEPER = Path(__file__).with_name("keeper.sh")
START_SECONDS = 60.0
POLL_SECONDS = 0.02
LOG_LINES = 20
SOCKET_BYTES = 100


def socket_path(state: Path) -> Path:
    """Where the agent of a state folder listens. Unix sockets can't have long paths, and state folders can."""
    name = hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:12]
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        path = Path(runtime) / f"obsiverse-{name}" / "agent.sock"
        if len(os.fsencode(path)) <= SOCKET_BYTES:
            return path
    return Path("/tmp") / f"obsiverse-{os.getuid()}-{name}" / "agent.sock"  # noqa: S108 - mode 0700, its owner is checked


def has_tasks(state: Path) -> bool:
    """Whether an agent has kept tasks there, running or not."""
    return any((state / "agent" / "tasks").glob("*/spec.json"))


def start(state: Path, socket: Path | None = None, *, timeout: float = START_SECONDS) -> AgentClient:
    """Bring the agent of a state folder up, where it is not, and wait until it answers.

    It outlives this process. Calls at the same time, from any process, start one agent.

    Args:
        state: the stack's state folder.
        socket: where it shall listen; `socket_path(state)` where not given.
        timeout: seconds.

    Raises:
        LaunchFailed: it ended, or did not answer in time.
        DiskFull: its folder can't be made.
    """
    address = socket or socket_path(state)
    client = AgentClient(f"unix://{address}")
    folder = state.resolve() / "agent"
    with naming_full_disk(str(folder)):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / "launch.lock").open("a")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _answers(client):
            keeper = None
            try:
                with _signals_held_back():
                    keeper = _start_keeper(state, address, folder / "agent.log")
                _await_answer(client, keeper, folder / "agent.log", time.monotonic() + timeout)
            except BaseException:
                # Ctrl-C too. The keeper leads the group that the agent is in; tasks have sessions of their own.
                if keeper is not None:
                    with suppress(ProcessLookupError):
                        os.killpg(keeper.pid, signal.SIGKILL)
                raise
    return client


@contextmanager
def _signals_held_back() -> Generator[None]:
    """Let what would end us come at the end of the block: who is interrupted while it starts a process can't end that one."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python hands signals to the main thread only.
        return
    came: list[int] = []
    numbers = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in came:
        signal.raise_signal(number)


def _start_keeper(state: Path, address: Path, log: Path) -> subprocess.Popen[bytes]:
    agent = [sys.executable, "-m", "obsiverse.agent", "--state", str(state.resolve()), "--socket", str(address)]
    with naming_full_disk(str(log)), log.open("ab") as output:
        keeper = subprocess.Popen(
            ["/bin/sh", str(KEEPER), *agent],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            start_new_session=True,
        )
    # It outlives us; should we outlive it, somebody has to reap it.
    threading.Thread(target=keeper.wait, daemon=True, name="keeper").start()
    return keeper


def _await_answer(client: AgentClient, keeper: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    while not _answers(client):
        ended = keeper.poll()
        if ended is not None and not _answers(client):
            raise LaunchFailed(f"the agent ended at once, with status {ended}.\n{_last_lines(log)}")
        if time.monotonic() > deadline:
            raise LaunchFailed(f"the agent does not answer.\n{_last_lines(log)}")
        time.sleep(POLL_SECONDS)


def _answers(client: AgentClient) -> bool:
    try:
        client.health()
    except AgentUnreachable:
        return False
    return True


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
    return "\n".join([f"Its log, {log}, ends:", *lines])
