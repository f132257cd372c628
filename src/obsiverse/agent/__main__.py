"""The agent's program: `python -m obsiverse.agent --state DIR --socket PATH`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import sys
from pathlib import Path

import uvicorn

from obsiverse.agent.app import make_app
from obsiverse.agent.manager import Manager
from obsiverse.agent.process_runtime import ProcessRuntime
from obsiverse.agent.store import Store

WILL_NOT_HELP = 3
"""The exit code that tells the keeper not to start the agent again."""


def main() -> None:
    """Serve until asked to shut down."""
    parser = argparse.ArgumentParser(prog="python -m obsiverse.agent", description="Starts, watches and stops tasks.")
    parser.add_argument("--state", type=Path, required=True, help="folder of everything the agent keeps")
    parser.add_argument("--socket", type=Path, required=True, help="unix socket to listen on")
    arguments = parser.parse_args()
    os.umask(0o077)
    state = arguments.state.resolve() / "agent"
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"another agent has {state}\n")
            raise SystemExit(WILL_NOT_HELP) from None
        asyncio.run(_serve(state, arguments.socket))


async def _serve(state: Path, socket: Path) -> None:
    store = Store(state)
    manager = Manager(store, ProcessRuntime(str(state)))
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket.unlink(missing_ok=True)
    app = make_app(manager, store, lambda: setattr(server, "should_exit", True))
    config = uvicorn.Config(
        app,
        uds=str(socket),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        loop="asyncio",
    )
    server = uvicorn.Server(config)
    await manager.open()
    try:
        await server.serve()
    finally:
        await manager.close()
        with contextlib.suppress(FileNotFoundError):
            socket.unlink()


if __name__ == "__main__":
    main()
