"""A lock that processes and threads share, let go of by the kernel when its holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from obsiverse.components.errors import NoSpace
from obsiverse.components.process import check, pause
from obsiverse.components.progress import Progress, Report

_RETRY = 0.1


@contextmanager
def hold(path: Path, name: str, report: Report) -> Generator[int]:
    """Hold the lock file `path` and yield its descriptor; `name` is what is reported as waited for.

    Raises:
        Cancelled: `interrupt()` was called while it waited.
        NoSpace: the file can't be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a")
    except OSError as error:
        raise NoSpace(path.parent, error) from error
    with handle:
        told = False
        # Not a blocking flock: a thread in one could not be interrupted.
        while not _try(handle.fileno()):
            if not told:
                report(Progress(name, "waiting", "another process is at it"))
                told = True
            pause(_RETRY)
        check()
        yield handle.fileno()


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
