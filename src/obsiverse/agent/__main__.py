"""`python -m obsiverse.agent --state DIR --socket PATH`: the agent, in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from obsiverse.agent.errors import AgentFault, AlreadyRunning, UnsafeSocketFolder
from obsiverse.agent.runtime import Runtime
from obsiverse.agent.server import serve

# The keeper starts the agent again after any exit but 0 and these.
HELD, REFUSED = 3, 4


def main() -> int:
    """Run the agent.

    Returns:
        0 after it was told to end, 3 where another has the folder, 4 where it can't run here.
    """
    parser = argparse.ArgumentParser(prog="python -m obsiverse.agent", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="the stack's state folder")
    parser.add_argument("--socket", type=Path, required=True, metavar="PATH", help="where to listen")
    parser.add_argument(
        "--containers",
        metavar="PROJECT",
        help="run tasks as containers of a Compose project, and end them with the agent",
    )
    parser.add_argument("--client", type=int, metavar="UID", help="a user that may connect too")
    arguments = parser.parse_args()
    _set_up_logging()
    _default_signals()
    try:
        runtime = _container_runtime(arguments.containers) if arguments.containers else None
        asyncio.run(
            serve(
                arguments.state,
                arguments.socket,
                runtime=runtime,
                client=arguments.client,
                delete_tasks=runtime is not None,
            )
        )
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return HELD
    except (AgentFault, UnsafeSocketFolder, PermissionError) as error:
        print(error, file=sys.stderr)
        return REFUSED
    return 0


def _container_runtime(project: str) -> Runtime:
    # Only here: processes need none of it, and it is a third of the agent's memory.
    from obsiverse.agent.container_runtime import ContainerRuntime
    from obsiverse.agent.docker_api import Docker

    return ContainerRuntime(Docker(), project)


def _default_signals() -> None:
    """Let tasks end by the signals that whoever started us ignores, as nohup and shells in the background do."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def _set_up_logging() -> None:
    # Not structlog: with what it imports it is a tenth of the agent's memory. These handlers also shrug off a full disk
    # instead of raising it in whoever logs.
    logging.raiseExceptions = False
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("obsiverse").setLevel(logging.INFO)


if __name__ == "__main__":
    sys.exit(main())
