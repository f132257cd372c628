"""Running go and uv, and stopping all that is being got when the user gives up."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from obsiverse.components.errors import Cancelled, ToolMissing

_KEPT_LINES = 40

_cancelled = threading.Event()
_running: set[subprocess.Popen[str]] = set()
_guard = threading.Lock()


def interrupt() -> None:
    """Make every call that gets a component end soon with `Cancelled`, in all threads, from now until `reset()`."""
    _cancelled.set()
    with _guard:
        for child in _running:
            _signal_group(child, signal.SIGTERM)


def reset() -> None:
    """Undo `interrupt()`."""
    _cancelled.clear()


def check() -> None:
    """Raise `Cancelled` once `interrupt()` was called."""
    if _cancelled.is_set():
        raise Cancelled


def pause(seconds: float) -> None:
    """Wait, or raise `Cancelled` as soon as `interrupt()` is called."""
    if _cancelled.wait(seconds):
        raise Cancelled


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    on_line: Callable[[str], None],
    keep_open: Sequence[int] = (),
) -> tuple[int, list[str]]:
    """Run a program to its end and hand on its output line by line.

    Args:
        on_line: called for each line of stdout and stderr; what it raises stops the program.
        keep_open: descriptors that the program inherits. A lock among them stays held while it lives, even
            where this process is killed, so that nobody else works in the same folder.

    Returns:
        The exit status and the last lines.

    Raises:
        Cancelled: `interrupt()` was called; the program was stopped.
        ToolMissing: it can't be started.
    """
    check()
    try:
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            pass_fds=keep_open,
        )
    except OSError as error:
        raise ToolMissing(f"can't run {command[0]}: {error.strerror}") from error
    with _guard:
        _running.add(child)
    kept: deque[str] = deque(maxlen=_KEPT_LINES)
    assert child.stdout is not None
    try:
        for line in child.stdout:
            check()
            kept.append(line.rstrip())
            on_line(line.rstrip())
        code = child.wait()
    except BaseException:
        _stop(child)
        raise
    finally:
        child.stdout.close()
        with _guard:
            _running.discard(child)
    check()
    return code, list(kept)


def _stop(child: subprocess.Popen[str]) -> None:
    _signal_group(child, signal.SIGTERM)
    try:
        child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        _signal_group(child, signal.SIGKILL)
        child.wait()


def _signal_group(child: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)
