"""What a runtime is: the one seam between a task's life (supervisor) and how its program is run.

The process runtime is one; a container runtime is its cousin behind the same protocol.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from obsiverse.agent.service_logs import ContainerServices
from obsiverse.agent.spec import Spec
from obsiverse.agent.store import TaskFolder


@dataclass(frozen=True)
class Exit:
    """How a run ended.

    Attributes:
        code: the program's exit code, 128 + n where signal n ended it; None where nobody saw it.
        signal: that signal's name.
        oom_killed: the kernel killed it for memory.
        lost: it ended and nothing says how: the machine was switched off, or its wrapper was killed.
    """

    code: int | None
    signal: str | None = None
    oom_killed: bool = False
    lost: bool = False

    @property
    def failed(self) -> bool:
        """Whether `on-failure` counts it."""
        return self.code != 0


@dataclass(frozen=True)
class Launch:
    """One run of a task: what a runtime needs to start it or to find it again."""

    task: str
    spec: Spec
    folder: TaskFolder
    environment: Mapping[str, str]

    @property
    def working_dir(self) -> Path:
        """Where the program starts: the spec's folder, else the task's root."""
        return Path(self.spec.working_dir) if self.spec.working_dir else self.folder.root


@dataclass(frozen=True)
class Usage:
    """What a task takes: percent of one core, bytes resident."""

    cpu_percent: float
    rss_bytes: int
    processes: int


class Running(Protocol):
    """A run that was started or adopted."""

    @property
    def pid(self) -> int | None:
        """The program's process id on this machine."""
        ...

    @property
    def host(self) -> str:
        """The address at which the agent's checks reach its ports."""
        ...

    def record(self) -> dict[str, Any]:
        """What `adopt` needs to find it again; JSON."""
        ...

    async def wait(self) -> Exit:
        """How it ended, once it and all it started are gone."""
        ...

    async def signal(self, name: str) -> None:
        """Send a signal to the program alone."""
        ...

    async def stop(self, signal: str, grace: float) -> Exit:
        """Signal the whole of it, and kill what is left after `grace` seconds."""
        ...

    async def check(self, command: Sequence[str], seconds: float) -> int:
        """Run a health check's command beside the program, with its environment.

        Returns:
            Its exit code.

        Raises:
            TimeoutError: it took longer than `seconds`, and was killed.
            OSError: it can't be run.
        """
        ...


class Runtime(Protocol):
    """Runs programs.

    Attributes:
        publishes: whether tasks listen on ports of this machine, which the agent then gives out.
    """

    publishes: bool

    async def templates(self) -> dict[str, Spec] | None:
        """The templates by name, where the runtime knows them itself; None where they are put to the agent.

        Tasks then come from templates alone: nobody chooses a program.
        """
        ...

    @property
    def services(self) -> ContainerServices | None:
        """Compose's services, where they are not tasks of this agent; None where they are."""
        ...

    def hostname(self, task: str) -> str:
        """The name at which others reach a task's ports."""
        ...

    def verify(self, launch: Launch) -> None:
        """Check what can be checked before anything is changed.

        Raises:
            StartFailed: the program or its folder isn't there.
        """
        ...

    def warnings(self, spec: Spec) -> list[str]:
        """What of a spec this runtime can't honour."""
        ...

    async def start(self, launch: Launch) -> Running:
        """Start a program.

        Raises:
            StartFailed: it can't be.
            DiskFull: its log can't be made.
        """
        ...

    async def adopt(self, launch: Launch, record: Mapping[str, Any] | None) -> Running | Exit | None:
        """Find the run that an agent before this one started.

        Args:
            record: the run's own; None where that agent died before it could keep it.

        Returns:
            The run; how it ended meanwhile; or None where it had never started. What an ended run left behind is gone.
        """
        ...

    async def remove(self, task: str) -> None:
        """Delete what the runs of a task, which have ended, left behind, its folder aside."""
        ...

    async def put_files(self, task: str, folder: TaskFolder, path: str) -> None:
        """Give a task what was put under a path of its folder; nothing to do where it sees that folder."""
        ...

    async def get_files(self, task: str, folder: TaskFolder, path: str) -> None:
        """Bring what a task has at a path to its folder; likewise.

        Raises:
            InvalidSpec: it can't be brought.
        """
        ...

    async def reap(self, tasks: Collection[str]) -> list[str]:
        """Kill what runs for tasks other than these, and return their ids."""
        ...

    async def stats(self, runs: Mapping[str, Running]) -> dict[str, Usage]:
        """What the given runs take, by task."""
        ...
