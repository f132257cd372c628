"""The lines that Lambda itself writes to a function's log, and its error documents."""

from __future__ import annotations

import json
import math


def start_line(request: str, version: str) -> str:
    """The line before what a function prints."""
    return f"START RequestId: {request} Version: {version}\n"


def end_lines(request: str, duration: float, memory: int, used: int | None, init: float | None) -> str:
    """The lines after it.

    Args:
        duration: seconds.
        memory: the function's, in MB.
        used: the most that was used, in bytes; None where it could not be seen.
        init: seconds that the cold start took; None for a warm one.
    """
    parts = [
        f"REPORT RequestId: {request}",
        f"Duration: {duration * 1000:.2f} ms",
        f"Billed Duration: {math.ceil((duration + (init or 0.0)) * 1000)} ms",
        f"Memory Size: {memory} MB",
    ]
    if used is not None:
        parts.append(f"Max Memory Used: {math.ceil(used / 1024 / 1024)} MB")
    if init is not None:
        parts.append(f"Init Duration: {init * 1000:.2f} ms")
    return f"END RequestId: {request}\n" + "\t".join(parts) + "\t\n"


def timed_out(request: str, seconds: float) -> bytes:
    """The error of a function that took longer than its timeout."""
    return _error("Sandbox.Timedout", f"RequestId: {request} Error: Task timed out after {seconds:.2f} seconds")


def exited(request: str, exit_code: int | None, signal: str | None) -> bytes:
    """The error of a function that ended its runtime."""
    if signal is not None:
        reason = f"Runtime exited with error: signal: {signal}"
    elif exit_code:
        reason = f"Runtime exited with error: exit status {exit_code}"
    else:
        reason = "Runtime exited without providing a reason"
    return _error("Runtime.ExitError", f"RequestId: {request} Error: {reason}")


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
