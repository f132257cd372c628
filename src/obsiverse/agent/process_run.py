"""One run of a task as a group of processes: the wrapper, the program under it, and what that started."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from obsiverse.agent.processes import ProcessRef, ProcessTable, Seen, with_descendants
from obsiverse.agent.runtime import Exit, Launch

log = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"
KILL_SECONDS = 10.0
KILL_RETRY = 0.02


class ProcessRun:
    """A run on this machine, started by this agent or by one before it.

    The wrapper leads a session and a process group of its own, so their ids are its pid.
    """

    def __init__(
        self,
        launch: Launch,
        table: ProcessTable,
        *,
        wrapper: ProcessRef | None,
        program: ProcessRef | None,
        oom_kills: int,
        child: subprocess.Popen[bytes] | None = None,
    ) -> None:
        """
        Args:
            wrapper: None where it was killed and the program lives on.
            program: None where it had ended before it could be looked at.
            oom_kills: the kernel's count of processes killed for memory, when the run started.
            child: the wrapper, where this agent is its parent.
        """
        self._launch = launch
        self._table = table
        self._wrapper = wrapper
        self._program = program
        self._oom_kills = oom_kills
        self._child = child
        self._killed = False
        self._known: list[psutil.Process] = []
        self._end = asyncio.create_task(self._watch(), name=f"end of {launch.task}")

    @property
    def pid(self) -> int | None:
        """The program's process id."""
        return self._program.pid if self._program else None

    @property
    def session(self) -> int | None:
        """The session its processes are in."""
        return self._wrapper.pid if self._wrapper else None

    @property
    def host(self) -> str:
        """Loopback."""
        return LOOPBACK

    def record(self) -> dict[str, Any]:
        """What finds it again: pids with what identifies them."""
        return {
            "wrapper": _as_json(self._wrapper),
            "program": _as_json(self._program),
            "oom_kills": self._oom_kills,
        }

    async def wait(self) -> Exit:
        """How it ended, once all its processes are gone."""
        return await asyncio.shield(self._end)

    async def signal(self, name: str) -> None:
        """Send a signal to the program alone; nothing where it has ended."""
        number = signal.Signals[name]
        self._killed |= number == signal.SIGKILL
        if self._program and self._program.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._program.pid, number)

    async def stop(self, signal: str, grace: float) -> Exit:
        """Send the group `signal`; after `grace` seconds kill all there is, also what left the group."""
        if not self._end.done():
            # Looked at before anything ends: afterwards nobody knows whose child one with an emptied environment was.
            self._known = self._members(await self._table.look())
            self._signal_group(signal)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(self._end), grace)
            self._signal_group("SIGKILL")
        return await self.wait()

    async def check(self, command: Sequence[str], seconds: float) -> int:
        """Run a health check's command and return its exit code; its output is not kept.

        Raises:
            TimeoutError: it took longer than `seconds`, and was killed.
            OSError: it can't be run.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self._launch.working_dir,
            env=self._launch.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return await asyncio.wait_for(process.wait(), seconds)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    def _signal_group(self, name: str) -> None:
        number = signal.Signals[name]
        self._killed |= number == signal.SIGKILL
        if self._wrapper and (self._child or self._wrapper.alive()):
            # An own child's pid is no other process's until `_watch` has reaped it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._wrapper.pid, number)
        elif self._program and self._program.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._program.pid, number)

    async def _watch(self) -> Exit:
        if self._wrapper:
            await self._wrapper.ended()
        if read_exit(self._launch.folder.exit) is None and self._program:
            # The wrapper was killed from outside; its program is still the task.
            await self._program.ended()
        await kill_all(self._table, self._launch.task, self._members)
        returncode = await asyncio.to_thread(self._child.wait) if self._child else None
        self._child = None
        code = read_exit(self._launch.folder.exit)
        if code is None and returncode is not None and returncode >= 0:
            code = returncode  # the disk was full
        return end_of(code, killed=self._killed, oom_kills=self._oom_kills)

    def _members(self, seen: Sequence[Seen]) -> list[psutil.Process]:
        known = set(self._known)
        return with_descendants(
            seen, lambda one: one.task == self._launch.task or one.session == self.session or one.process in known
        )


async def kill_all(table: ProcessTable, task: str, members: Callable[[Sequence[Seen]], list[psutil.Process]]) -> None:
    """Kill what `members` finds in the process table until there is nothing, or for 10 s; then say so."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + KILL_SECONDS
    while left := members(await table.look()):
        if loop.time() > deadline:
            log.warning("processes of %s can't be killed: %s", task, [process.pid for process in left])
            return
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        await asyncio.sleep(KILL_RETRY)


def end_of(code: int | None, *, killed: bool, oom_kills: int) -> Exit:
    """What an exit status means.

    A shell reports 128 + n both for signal n and for a program that chose that number; both are taken for the signal.
    Natively the kernel does not say whom it killed for memory: a SIGKILL that the agent did not send counts as such if
    the kernel's count of these kills rose during the run.

    Args:
        code: the exit status, None where nothing wrote one.
        killed: the agent sent SIGKILL.
        oom_kills: the kernel's count when the run started.
    """
    if code is None:
        return Exit(137, "SIGKILL") if killed else Exit(None, lost=True)
    name = None
    if code > 128:
        with contextlib.suppress(ValueError):
            name = signal.Signals(code - 128).name
    oom = name == "SIGKILL" and not killed and oom_kill_count() > oom_kills
    return Exit(code, name, oom_killed=oom)


def oom_kill_count() -> int:
    """How many processes the kernel has killed for memory since it started; 0 where it does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    return 0


def read_exit(path: Path) -> int | None:
    """The exit status that a wrapper wrote; None where there is none."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def reference(record: Mapping[str, Any] | None, key: str) -> ProcessRef | None:
    """A process out of a run's record, alive or not."""
    value = (record or {}).get(key)
    try:
        return ProcessRef(int(value["pid"]), str(value["identity"])) if value else None
    except (TypeError, KeyError, ValueError):
        return None


def _as_json(process: ProcessRef | None) -> dict[str, Any] | None:
    return {"pid": process.pid, "identity": process.identity} if process else None
