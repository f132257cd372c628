"""The agent's process: its lock, its socket, its server."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
import stat
from collections.abc import Generator
from pathlib import Path

import uvicorn

from obsiverse.agent.agent import Agent
from obsiverse.agent.app import Api
from obsiverse.agent.errors import AlreadyRunning, UnsafeSocketFolder, naming_full_disk
from obsiverse.agent.runtime import Runtime

log = logging.getLogger(__name__)
LOCK_SECONDS = 5.0
LOCK_RETRY = 0.05
FOLLOWER_SECONDS = 1
BACKLOG = 512


class _Server(uvicorn.Server):
    """A server that sleeps until it is told to end; uvicorn's own wakes ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """End, once what is being answered has been."""
        self._leaving.set()

    async def main_loop(self) -> None:
        await self._leaving.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.leave)
        yield


async def serve(
    state: Path, address: Path, *, runtime: Runtime | None = None, client: int | None = None, delete_tasks: bool = False
) -> None:
    """Run the agent of a state folder until it is told to end, by `/shutdown` or SIGTERM.

    Args:
        state: the stack's state folder; the agent's own is `agent` in it.
        address: its socket.
        runtime: the process runtime where none is given.
        client: the user, besides this one, that may connect; nobody where not given.
        delete_tasks: end all tasks with the agent.

    Raises:
        AlreadyRunning: another agent has this folder.
        UnsafeSocketFolder: the socket's folder is another user's, or open to others.
        DiskFull: the folder can't be made.
    """
    folder = agent_folder(state)
    with naming_full_disk(str(folder)):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with await _hold(folder / "lock"):
        agent = Agent(folder, runtime=runtime)
        await agent.open()
        listening = _bind(address, client)
        try:
            await _answer(agent, listening)
            if delete_tasks:
                await agent.delete_all()
        finally:
            # Before the lock goes, so that it is never another agent's.
            address.unlink(missing_ok=True)  # noqa: ASYNC240
            with contextlib.suppress(OSError):  # not ours alone
                address.parent.rmdir()
            await agent.close()


async def _answer(agent: Agent, listening: socket.socket) -> None:
    servers: list[_Server] = []

    def leave() -> None:
        agent.events.close()
        for server in servers:
            server.leave()

    config = uvicorn.Config(
        Api(agent, leave).app(),
        log_config=None,
        access_log=False,
        lifespan="off",
        date_header=False,
        server_header=False,
        http="h11",
        ws="none",
        loop="asyncio",
        timeout_graceful_shutdown=FOLLOWER_SECONDS,
    )
    servers.append(_Server(config))
    log.info("ready: process %s, %s tasks", os.getpid(), len(agent.tasks({})))
    await servers[0].serve(sockets=[listening])


def agent_folder(state: Path) -> Path:
    """The agent's folder in a stack's state folder, by its one true name."""
    return state.resolve() / "agent"


async def _hold(path: Path) -> contextlib.AbstractContextManager[object]:
    """Hold the lock file; an agent that is about to end gets a moment to do so.

    Raises:
        AlreadyRunning: another process holds it.
    """
    handle = path.open("a+")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if loop.time() > deadline:
                handle.seek(0)
                holder = handle.read().strip()
                handle.close()
                raise AlreadyRunning(f"another agent (process {holder}) has the state folder {path.parent}") from None
            await asyncio.sleep(LOCK_RETRY)
    handle.truncate(0)
    with contextlib.suppress(OSError):  # a full disk; the lock holds without a name in it
        handle.write(str(os.getpid()))
        handle.flush()
    return handle


def _bind(address: Path, client: int | None) -> socket.socket:
    """The listening socket, for this user and the client alone.

    Raises:
        UnsafeSocketFolder: another user could replace it.
    """
    address.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = address.parent.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise UnsafeSocketFolder(
            f"the folder {address.parent} is not this user's alone. Delete it, or move the socket."
        )
    # Under another name until it listens: whoever waits for a killed agent's successor then never finds no socket at all.
    new = address.with_name(f"{address.name}.new")
    new.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(str(new))
    finally:
        os.umask(before)
    if client is not None:
        os.chown(new, client, -1)
    listening.listen(BACKLOG)
    new.replace(address)
    return listening
