"""The process runtime: a task is a program of this machine, in a session of its own, under `wrapper.sh`.

A program's output goes straight to the task's log file and its wrapper writes its exit status, so that neither needs
the agent to be alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from obsiverse.agent.errors import StartFailed, naming_full_disk
from obsiverse.agent.process_run import LOOPBACK, ProcessRun, end_of, kill_all, oom_kill_count, read_exit, reference
from obsiverse.agent.processes import ProcessRef, ProcessTable, Seen, with_descendants
from obsiverse.agent.runtime import Exit, Launch, Running, Usage
from obsiverse.agent.spec import Spec
from obsiverse.agent.stats import Meter
from obsiverse.agent.store import TaskFolder

SHELL = "/bin/sh"
WRAPPER = Path(__file__).with_name("wrapper.sh")
START_SECONDS = 30.0
PID_SECONDS = 2.0


class ProcessRuntime:
    """Runs tasks as processes."""

    publishes = True

    def __init__(self, mark: str) -> None:
        """
        Args:
            mark: names the agent in the environment of all it starts.
        """
        self._table = ProcessTable(mark)
        self._meter = Meter()

    async def templates(self) -> dict[str, Spec] | None:
        """None: they are put to the agent."""
        return None

    @property
    def services(self) -> None:
        """None: they are tasks."""
        return None

    def hostname(self, task: str) -> str:
        """Loopback."""
        return LOOPBACK

    def verify(self, launch: Launch) -> None:
        """Check that the program and its working folder are there.

        Raises:
            StartFailed: naming what is not.
        """
        if launch.spec.working_dir and not launch.working_dir.is_dir():
            raise StartFailed(f"the working folder {launch.working_dir} does not exist")
        program = launch.spec.command[0]
        path = launch.environment.get("PATH", os.defpath)
        if "/" in program:
            place = launch.working_dir / program
            found = place.is_file() and os.access(place, os.X_OK)
        else:
            found = shutil.which(program, path=path) is not None
        if not found:
            where = "" if "/" in program else f" on PATH ({path})"
            raise StartFailed(f"the program {program} is not there{where}, or can't be executed")

    def warnings(self, spec: Spec) -> list[str]:
        """Limits: nothing holds a process to them."""
        named = spec.limits.named()
        return [f"limits are not enforced for a process: {', '.join(named)}"] if named else []

    async def start(self, launch: Launch) -> Running:
        """Start a program, and return when it is about to be executed.

        Raises:
            StartFailed: the kernel refuses.
            DiskFull: the log can't be made.
        """
        folder = launch.folder
        with naming_full_disk(str(folder.log)):
            folder.root.mkdir(parents=True, exist_ok=True)
            for stale in (folder.exit, folder.pid):
                stale.unlink(missing_ok=True)
            output = os.open(folder.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        oom_kills = oom_kill_count()
        ready, telling = os.pipe()
        try:
            # A new process takes about a millisecond; one of asyncio's would not outlive its event loop.
            child = subprocess.Popen(  # noqa: ASYNC220
                [SHELL, str(WRAPPER), str(folder.path), *launch.spec.command, *launch.spec.args],
                stdin=telling,
                stdout=output,
                stderr=output,
                cwd=launch.working_dir,
                env=dict(launch.environment),
                start_new_session=True,
            )
        except OSError as error:
            os.close(ready)
            raise StartFailed(f"{launch.spec.command[0]} can't be started: {error.strerror}") from error
        finally:
            os.close(telling)
            os.close(output)
        wrapper = ProcessRef.of(child.pid)
        pid = await _first_number(ready)
        return ProcessRun(
            launch,
            self._table,
            wrapper=wrapper,
            program=ProcessRef.of(pid) if pid else None,
            oom_kills=oom_kills,
            child=child,
        )

    async def adopt(self, launch: Launch, record: Mapping[str, Any] | None) -> Running | Exit | None:
        """Find a run again by pid and identity, or by its wrapper's mark where its agent had no time to record it."""
        recorded = reference(record, "wrapper")
        wrapper = recorded if recorded and recorded.alive() else None
        program = reference(record, "program")
        if wrapper is None:
            wrapper = _wrapper_of(launch, await self._table.look())
            if wrapper:
                program = await _program_of(launch)
        oom_kills = int((record or {}).get("oom_kills", 0)) if record else oom_kill_count()
        if wrapper or (program and program.alive()):
            return ProcessRun(launch, self._table, wrapper=wrapper, program=program, oom_kills=oom_kills)
        left = await self._table.look()
        started = record is not None or any(one.task == launch.task for one in left)
        await kill_all(self._table, launch.task, lambda seen: _marked(seen, {launch.task}))
        code = read_exit(launch.folder.exit)
        if code is None and not started:
            return None
        return end_of(code, killed=False, oom_kills=oom_kills)

    async def remove(self, task: str) -> None:
        """Nothing: a run that has ended has left nothing but its folder."""

    async def put_files(self, task: str, folder: TaskFolder, path: str) -> None:
        """Nothing: a task works in its folder."""

    async def get_files(self, task: str, folder: TaskFolder, path: str) -> None:
        """Nothing: a task works in its folder."""

    async def reap(self, tasks: Collection[str]) -> list[str]:
        """Kill what runs for tasks that are not among these."""
        mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}

        def strangers(seen: Sequence[Seen]) -> list[psutil.Process]:
            return [one.process for one in seen if one.task and one.task not in tasks and one.process.pid not in mine]

        names = {one.task for one in await self._table.look() if one.task and one.task not in tasks}
        if names:
            await kill_all(self._table, ", ".join(sorted(names)), strangers)
        return sorted(names)

    async def stats(self, runs: Mapping[str, Running]) -> dict[str, Usage]:
        """What runs take, by task; processes that left their session are not seen."""
        sessions = {
            task: run.session for task, run in runs.items() if isinstance(run, ProcessRun) and run.session is not None
        }
        return await asyncio.to_thread(self._meter.measure, sessions)


async def _first_number(descriptor: int) -> int | None:
    """The number that comes through a pipe, closed afterwards; None where it is closed before one comes."""
    os.set_blocking(descriptor, False)
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await asyncio.wait_for(readable.wait(), START_SECONDS)
        text = os.read(descriptor, 32)
    except TimeoutError:
        return None
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return int(text) if text else None


def _wrapper_of(launch: Launch, seen: Sequence[Seen]) -> ProcessRef | None:
    for one in seen:
        if one.task == launch.task:
            with contextlib.suppress(psutil.Error):
                line = one.process.cmdline()
                if len(line) > 2 and Path(line[1]).name == WRAPPER.name and line[2] == str(launch.folder.path):
                    return ProcessRef.of(one.process.pid)
    return None


async def _program_of(launch: Launch) -> ProcessRef | None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PID_SECONDS
    while loop.time() < deadline:
        with contextlib.suppress(OSError, ValueError):
            return ProcessRef.of(int(launch.folder.pid.read_text()))
        await asyncio.sleep(0.02)
    return None


def _marked(seen: Sequence[Seen], tasks: Collection[str]) -> list[psutil.Process]:
    return with_descendants(seen, lambda one: one.task in tasks)
