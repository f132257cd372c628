"""Finding Docker Compose and running it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence

from obsiverse.engine.base import LONGER
from obsiverse.engine.errors import EngineError

OLDEST = (2, 24)
VERSION_SECONDS = 20
NO_SPACE = "no space left on device"
NO_GPU = "could not select device driver"
LINES = 40


class Compose:
    """Docker Compose on one project.

    Args:
        program: `docker compose`, or `docker-compose`.
        options: which project and files.
        environment: what Compose interpolates, and where the engine is.
    """

    def __init__(self, program: Sequence[str], options: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = [*program, *options]
        self._environment = dict(environment)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command; its output comes by one pipe. It hears no Ctrl-C: who started it ends it."""
        return subprocess.Popen(
            [*self._command, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            start_new_session=True,
        )

    def run(
        self, *arguments: str, on_line: Callable[[str], None] = lambda _: None, timeout: float | None = None
    ) -> None:
        """Run a command to its end.

        Args:
            on_line: is told each line that it prints.
            timeout: seconds.

        Raises:
            EngineError: it failed; with its own last words.
        """
        process = self.start(*arguments)
        timer = threading.Timer(timeout or threading.TIMEOUT_MAX, process.terminate)
        timer.daemon = True
        timer.start()
        lines: list[str] = []
        try:
            for line in process.stdout or ():
                lines = [*lines[-LINES:], line.rstrip()]
                on_line(line.rstrip())
            code = process.wait()
        finally:
            timer.cancel()
            if process.poll() is None:
                process.kill()
                process.wait()
        if code == -signal.SIGTERM and timeout:
            raise EngineError(f"docker compose {arguments[0]} was not done after {timeout:.0f} s", LONGER)
        if code != 0:
            raise failure(arguments[0], lines)


def find() -> list[str]:
    """The program: Docker's plugin, else `docker-compose` on PATH.

    Raises:
        EngineError: there is none, or it is too old.
    """
    tried: list[str] = []
    for program in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(program[0]) is None:
            continue
        version = _version(program)
        if version is None:
            continue
        if is_new_enough(version):
            return program
        tried.append(f"`{' '.join(program)}` is {version}")
    oldest = ".".join(map(str, OLDEST))
    if tried:
        raise EngineError(
            f"Docker Compose is too old: {', '.join(tried)}, and {oldest} is the oldest that will do",
            "Update it (https://docs.docker.com/compose/install/), or use `--engine native`.",
        )
    raise EngineError(
        "a Docker engine answers, but there is no Docker Compose",
        f"Install its plugin, {oldest} or newer (https://docs.docker.com/compose/install/), or use `--engine native`.",
    )


def is_new_enough(version: str) -> bool:
    """Whether a version, as Compose prints it, will do. One built from source says `dev`, and is taken."""
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    return numbers is None or (int(numbers[1]), int(numbers[2])) >= OLDEST


def _version(program: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(
            [*program, "version", "--short"], capture_output=True, text=True, check=False, timeout=VERSION_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def failure(verb: str, lines: Sequence[str]) -> EngineError:
    """What to say of a command that failed, by what it printed last."""
    said = [line for line in lines if line.strip()]
    text = "\n".join(said)
    if NO_SPACE in text:
        return EngineError(
            f"the Docker engine's disk is full: {_telling(said, NO_SPACE)}",
            "Free some, for example with `docker system prune`, then run it again.",
        )
    if pulled := re.search(r"(?:pull access denied for|failed to resolve reference|manifest for) \"?([^\s,\"]+)", text):
        return EngineError(
            f"the image {pulled[1].removesuffix(':')} can't be pulled: {said[-1]}",
            "Check its name and the network, or `docker login`, then run it again.",
        )
    if NO_GPU in text:
        return EngineError(
            f"the Docker engine can't give GPUs to containers: {_telling(said, NO_GPU)}",
            "Install the NVIDIA container toolkit, or start with `--no-gpu`.",
        )
    if "Cannot connect to the Docker daemon" in text or "error during connect" in text:
        return EngineError("the Docker engine no longer answers", "Start it again, then run `make up`.")
    return EngineError(f"docker compose {verb} failed:\n" + "\n".join(said[-12:]), "Mend that, then run it again.")


def _telling(lines: Sequence[str], words: str) -> str:
    return next(line for line in reversed(lines) if words in line)
