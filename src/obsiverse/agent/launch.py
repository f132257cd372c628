"""Starting the agent, kept up by its keeper, in the background."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

from obsiverse_client import AgentClient, AgentUnreachable

KEEPER = Path(__file__).with_name("keeper.sh")
START_SECONDS = 20.0
LOG_LINES = 20


class LaunchFailed(Exception):
    """The agent did not come up; the message has the last lines of its log."""


def socket_path(state: Path) -> Path:
    """Where the agent of a state folder listens: a short path, since a unix socket's is limited to about 100 bytes."""
    name = hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and len(runtime) < 60 and Path(runtime).is_dir():
        return Path(runtime) / f"obsiverse-{name}" / "agent.sock"
    return Path("/tmp") / f"obsiverse-{os.getuid()}-{name}" / "agent.sock"  # noqa: S108 - the folder is made with mode 0700


def has_tasks(state: Path) -> bool:
    """Whether an agent of this state folder left tasks behind."""
    folder = state / "agent" / "tasks"
    return folder.is_dir() and any(folder.iterdir())


def start(state: Path, socket: Path) -> AgentClient:
    """Start the agent unless it runs, and wait until it answers.

    Safe to call from several processes at once.

    Raises:
        LaunchFailed: it did not answer in time.
        OSError: the state folder can't be written.
    """
    client, probe = AgentClient(f"unix://{socket}"), AgentClient(f"unix://{socket}", patience=0)
    folder = state / "agent"
    folder.mkdir(parents=True, exist_ok=True)
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if socket.parent.stat().st_uid != os.getuid():
        raise LaunchFailed(
            f"{socket.parent} belongs to another user, so the agent can't listen there; set XDG_RUNTIME_DIR to a folder of yours"
        )
    with (folder / "launch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _answers(probe):
            return client
        with (folder / "agent.log").open("ab") as log:
            keeper = subprocess.Popen(
                [
                    "/bin/sh",
                    str(KEEPER),
                    sys.executable,
                    "-m",
                    "obsiverse.agent",
                    "--state",
                    str(state),
                    "--socket",
                    str(socket),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=folder,
                close_fds=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not _answers(probe):
            if time.monotonic() > deadline or keeper.poll() is not None:
                keeper.terminate()
                lines = (folder / "agent.log").read_text(errors="replace").splitlines()[-LOG_LINES:]
                raise LaunchFailed("the agent did not start; the last lines of its log:\n" + "\n".join(lines))
            time.sleep(0.02)
    return client


def _answers(client: AgentClient) -> bool:
    try:
        client.health()
    except AgentUnreachable:
        return False
    return True
