"""Finding, recognising and awaiting processes, children or not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from obsiverse.agent.environment import MARK, TASK

POLL_SECONDS = 0.5
_PROC = Path("/proc/self/stat").exists()


def identity(pid: int) -> str | None:
    """What tells a living process from any other that ever has its pid; None where it is dead or a zombie.

    On Linux the boot's id and the start time in the kernel's ticks, which a changed clock does not move; elsewhere the
    start time.
    """
    if _PROC:
        try:
            # The second field, the name, may hold anything, even spaces and brackets.
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in ("Z", "X", "x") else f"{_boot()}/{fields[19]}"
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"{psutil.boot_time():.0f}"


@dataclass(frozen=True)
class ProcessRef:
    """A process as it is kept on disk."""

    pid: int
    identity: str

    @classmethod
    def of(cls, pid: int) -> ProcessRef | None:
        """The living process with this pid."""
        found = identity(pid)
        return cls(pid, found) if found else None

    def alive(self) -> bool:
        """Whether it still lives; a zombie does not."""
        return identity(self.pid) == self.identity

    async def ended(self) -> None:
        """Wait until it is dead; a zombie is. Costs nothing meanwhile on Linux, a look every 0.5 s elsewhere."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        except (AttributeError, OSError):  # not Linux, or a kernel before 5.3
            while self.alive():  # noqa: ASYNC110 - another's process tells nobody of its end
                await asyncio.sleep(POLL_SECONDS)
            return
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        try:
            loop.add_reader(descriptor, gone.set)
            # Looked at only now, so that the descriptor and the identity are the same process's.
            if self.alive():
                await gone.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)


@dataclass(frozen=True)
class Seen:
    """A living process at one look.

    Attributes:
        session: its session's leader.
        task: the task of this agent whose mark is in its environment.
    """

    process: psutil.Process
    parent: int
    session: int
    task: str | None


class ProcessTable:
    """Looks at all of the machine's processes; calls that wait at the same time share a look."""

    def __init__(self, mark: str) -> None:
        """
        Args:
            mark: the agent's, as in the environment of all it starts.
        """
        self._mark = mark
        self._current: asyncio.Task[list[Seen]] | None = None
        self._next: asyncio.Task[list[Seen]] | None = None

    async def look(self) -> list[Seen]:
        """All living processes but this one, seen after the call."""
        if self._next is None:
            self._next = asyncio.create_task(self._look_after(self._current))
        return await asyncio.shield(self._next)

    async def _look_after(self, previous: asyncio.Task[list[Seen]] | None) -> list[Seen]:
        if previous is not None:
            await asyncio.wait([previous])
        self._current, self._next = self._next, None
        return await asyncio.to_thread(self._read)

    def _read(self) -> list[Seen]:
        found: list[Seen] = []
        psutil.process_iter.cache_clear()  # it does not notice when a pid has become another process's
        for process in psutil.process_iter(["ppid", "status", "environ"]):
            info = process.info
            if process.pid == os.getpid() or info["status"] in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                continue
            try:
                session = os.getsid(process.pid)
            except OSError:
                continue
            variables: dict[str, str] = info["environ"] or {}
            task = variables.get(TASK) if variables.get(MARK) == self._mark else None
            found.append(Seen(process, info["ppid"] or 0, session, task))
        return found


def with_descendants(seen: Iterable[Seen], belongs: Callable[[Seen], bool]) -> list[psutil.Process]:
    """The processes that belong, and all that descend from them."""
    everything = list(seen)
    found = {one.process.pid: one.process for one in everything if belongs(one)}
    grew = bool(found)
    while grew:
        young = [one for one in everything if one.parent in found and one.process.pid not in found]
        found.update((one.process.pid, one.process) for one in young)
        grew = bool(young)
    return list(found.values())
