"""The user's script as a child process: its output passed through, signals passed on."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

_TAIL_LINES = 40


@dataclass(frozen=True)
class Ended:
    """How a script ended.

    Attributes:
        exit_code: 128 + n where signal n ended it, as shells have it.
        error: the last lines of its stderr.
    """

    exit_code: int
    error: list[str]


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run a command to its end. SIGTERM and SIGINT reach it; whether it stops is its own affair."""
    process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGINT)}
    tail: deque[bytes] = deque(maxlen=_TAIL_LINES)
    assert process.stderr is not None
    reader = threading.Thread(target=_pass_through, args=(process.stderr, tail), daemon=True)
    reader.start()
    try:
        code = process.wait()
        # Something the script left behind may hold its stderr open: that must not keep the job from ending.
        reader.join(timeout=2)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return Ended(code if code >= 0 else 128 - code, [line.decode(errors="replace").rstrip() for line in tail])


def _pass_through(source: IO[bytes], tail: deque[bytes]) -> None:
    for line in source:
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
        tail.append(line)
