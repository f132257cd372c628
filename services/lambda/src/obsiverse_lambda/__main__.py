"""The runtime's program: the function's code on the path, its output to the edge, then AWS's runtime client."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import threading
import time
from pathlib import Path

OUTPUT, LAYERS = "OBSIVERSE_LAMBDA_OUTPUT", "OBSIVERSE_LAMBDA_OPT"
MEMORY_SECONDS = 0.1


def send_output(address: str) -> None:
    """Send standard output and error to host:port from here on.

    Both are the connection itself, so that it ends with the process, however that ends.
    """
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))) as output:
        for descriptor in (1, 2):
            os.dup2(output.fileno(), descriptor)


def module_path(task_root: str, layers: str) -> list[str]:
    """Where a function's modules are looked for before the runtime's own: its code, then its layers, as on AWS."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    own = [Path(layers) / "python" / "lib" / version / "site-packages", Path(layers) / "python"]
    return [task_root, *(str(folder) for folder in own)]


def keep_within(megabytes: int) -> None:
    """Have this process killed once it has used more memory, as Lambda does; a process of its own has no other limit."""
    unit = 1 if sys.platform == "darwin" else 1024

    def watch() -> None:
        while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit <= megabytes << 20:
            time.sleep(MEMORY_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="memory", daemon=True).start()


def main() -> None:
    """Take invocations until the environment is ended."""
    send_output(os.environ.pop(OUTPUT))
    keep_within(int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]))
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    os.chdir(task_root)
    sys.path[:0] = module_path(task_root, os.environ.pop(LAYERS))

    from awslambdaric.__main__ import main as take_invocations  # pyright: ignore[reportUnknownVariableType]

    take_invocations([sys.argv[0], os.environ["_HANDLER"]])


if __name__ == "__main__":
    main()
