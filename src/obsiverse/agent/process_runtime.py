"""Tasks as processes: each a session of its own under a small shell wrapper that outlives the agent."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from obsiverse.agent.errors import StartFailed
from obsiverse.agent.runtime import Ended, Usage
from obsiverse.agent.spec import Spec

WRAPPER = Path(__file__).with_name("wrapper.sh")
TASK_VARIABLE = "OBSIVERSE_TASK"
MARK_VARIABLE = "OBSIVERSE_STATE_MARK"
PASSED_ON = (
    "HOME",
    "PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "USER",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
)
POLL_SECONDS = 0.5
SAME_START_SECONDS = 0.05


@dataclass(frozen=True)
class ProcessHandle:
    """A running task: its wrapper, told apart from later processes of the same number by when it began."""

    pid: int
    began: float
    child: subprocess.Popen[bytes] | None = None


class ProcessRuntime:
    """Runs tasks as processes of the agent's user.

    Args:
        mark: tells this agent's processes from those of others; its state folder.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._readings: dict[str, dict[int, psutil.Process]] = {}

    def start(self, task: str, spec: Spec, folder: Path, variables: Mapping[str, str]) -> ProcessHandle:
        """Start a task.

        Args:
            folder: the task's own; its log, pid and exit files are written there.
            variables: those of its ports and paths, over the spec's.

        Raises:
            StartFailed: its program or working folder is not there.
        """
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment |= {**spec.env, **variables, TASK_VARIABLE: task, MARK_VARIABLE: self._mark}
        program = shutil.which(spec.command[0], path=environment.get("PATH"))
        if program is None:
            raise StartFailed(f"{task}: there is no program {spec.command[0]}; install it or correct the command")
        working_dir = Path(spec.working_dir) if spec.working_dir else folder / "root"
        if not working_dir.is_dir():
            raise StartFailed(f"{task}: there is no working folder {working_dir}")
        for name in ("pid", "exit"):
            (folder / name).unlink(missing_ok=True)
        with (folder / "log").open("ab") as log:
            child = subprocess.Popen(
                ["/bin/sh", str(WRAPPER), str(folder), program, *spec.command[1:], *spec.args],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=working_dir,
                env=environment,
                start_new_session=True,
            )
        return ProcessHandle(child.pid, psutil.Process(child.pid).create_time(), child)

    def adopt(self, pid: int, began: float) -> ProcessHandle | None:
        """The running task of an earlier agent, or None where it is gone."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if abs(process.create_time() - began) < SAME_START_SECONDS and process.status() != psutil.STATUS_ZOMBIE:
                return ProcessHandle(pid, process.create_time())
        return None

    def find(self, task: str) -> ProcessHandle | None:
        """A task that was started but whose start an earlier agent did not live to record."""
        for process in self._marked(task):
            with suppress(psutil.Error, ProcessLookupError):
                if os.getsid(process.pid) == process.pid:
                    return ProcessHandle(process.pid, process.create_time())
        return None

    async def ended(self, handle: ProcessHandle) -> None:
        """Wait until the task's wrapper is gone."""
        if handle.child is not None and handle.child.poll() is not None:
            return
        if sys.platform == "linux":
            await _gone(handle.pid)
        else:
            while self.adopt(handle.pid, handle.began) is not None:
                await asyncio.sleep(POLL_SECONDS)
        if handle.child is not None:
            handle.child.wait()

    def outcome(self, folder: Path) -> Ended:
        """How a task ended, from the status its wrapper wrote; a wrapper that could not was killed with it."""
        try:
            status = int((folder / "exit").read_text())
        except (FileNotFoundError, ValueError):
            status = 128 + signal.SIGKILL
        name = None
        if status > 128:
            with suppress(ValueError):
                name = signal.Signals(status - 128).name
        return Ended(status, name)

    def main_pid(self, folder: Path) -> int | None:
        """The program's own process, once its wrapper started it."""
        try:
            return int((folder / "pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def signal_main(self, folder: Path, number: int) -> None:
        """Send a signal to the program alone."""
        pid = self.main_pid(folder)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def signal_all(self, handle: ProcessHandle, number: int) -> None:
        """Send a signal to the task's process group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(handle.pid, number)

    def kill_rest(self, task: str, handle: ProcessHandle | None) -> None:
        """Kill whatever is left of a task: its group, and processes that left the group but carry its mark."""
        if handle is not None and self.adopt(handle.pid, handle.began) is not None:
            self.signal_all(handle, signal.SIGKILL)
        for process in self._marked(task):
            with suppress(psutil.Error):
                process.kill()

    def _marked(self, task: str) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                environment = process.environ()
                if environment.get(TASK_VARIABLE) == task and environment.get(MARK_VARIABLE) == self._mark:
                    yield process

    def usage(self, task: str, handle: ProcessHandle) -> Usage:
        """CPU since the last reading, and resident memory, of the task's processes."""
        known = self._readings.setdefault(task, {})
        alive: dict[int, psutil.Process] = {}
        cpu, rss = 0.0, 0
        with suppress(psutil.Error):
            wrapper = psutil.Process(handle.pid)
            for process in (wrapper, *wrapper.children(recursive=True)):
                with suppress(psutil.Error):
                    process = known.get(process.pid, process)
                    alive[process.pid] = process
                    cpu += process.cpu_percent()
                    rss += process.memory_info().rss
        self._readings[task] = alive
        return Usage(round(cpu, 2), rss, len(alive))


async def _gone(pid: int) -> None:
    """Wait for the end of a process that need not be a child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    loop.add_reader(descriptor, lambda: over.done() or over.set_result(None))
    try:
        await over
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
