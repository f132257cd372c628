"""The agent: all its tasks, and the API's verbs on them."""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from weakref import WeakValueDictionary

from obsiverse.agent.errors import AgentFault, Conflict, InvalidSpec, NotFound, WaitTimeout
from obsiverse.agent.events import Events
from obsiverse.agent.logs import TaskLog
from obsiverse.agent.ports import Ports
from obsiverse.agent.process_runtime import ProcessRuntime
from obsiverse.agent.restart import Backoff
from obsiverse.agent.runtime import Runtime, Usage
from obsiverse.agent.spec import Spec, check_name, parse_request, parse_spec
from obsiverse.agent.state import State
from obsiverse.agent.store import Store, TaskFolder
from obsiverse.agent.supervisor import Supervisor, Surroundings

log = logging.getLogger(__name__)
SAMPLE_SECONDS = 1.0
OWN_LOG_BYTES = 5 * 1024 * 1024

OWN_TEMPLATES = "this agent starts tasks from the Compose file's templates alone; name one with `template`"

Awaited = Literal["healthy", "exited", "running"]


class Agent:
    """Tasks by id. Calls on one id are serialized, calls on several are not."""

    def __init__(self, folder: Path, *, runtime: Runtime | None = None, backoff: Backoff | None = None) -> None:
        """
        Args:
            folder: the agent's own, on disk.
            runtime: the process runtime where none is given.
        """
        mark = str(folder)
        self.started_at = time.time()
        self.store = Store(folder)
        self.events = Events(folder)
        self.runtime = runtime or ProcessRuntime(mark)
        self._ports = Ports(start=zlib.crc32(mark.encode()))
        self._around = Surroundings(self.runtime, self.events, mark, self._assign_ports, backoff or Backoff())
        self._tasks: dict[str, Supervisor] = {}
        self._templates: dict[str, Spec] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._own_log = TaskLog(folder / "agent.log")
        self._sampler: asyncio.Task[None] | None = None
        self._resumed: set[asyncio.Task[None]] = set()
        self._closing = False

    async def open(self) -> None:
        """Take up what the agent before this one left: its tasks running, ended, or half started."""
        self._templates = self.store.load_templates()
        for task, spec, state in self.store.load():
            kept = state or State(created_at=time.time())
            self._tasks[task] = Supervisor(task, spec, kept, self.store.folder(task), self._around, self._lock(task))
        await asyncio.gather(*(supervisor.adopt() for supervisor in self._tasks.values()))
        for task in [name for name, one in self._tasks.items() if one.state.wanted == "removed"]:
            self._resumed.add(asyncio.create_task(self.delete(task), name=f"deletion of {task}"))
        for task in await self.runtime.reap(self._tasks):
            log.warning("killed what ran for the task %s, which is not known", task)
        self._sampler = asyncio.create_task(self._sample(), name="sampler")

    async def close(self) -> None:
        """Let go of all tasks; they run on."""
        self._closing = True
        if self._sampler:
            self._sampler.cancel()
        for supervisor in self._tasks.values():
            supervisor.let_go()
        self.events.close()

    async def stop_all(self) -> None:
        """Stop every task at once, and take no more."""
        self._closing = True
        await asyncio.gather(*(self.stop(task, None) for task in list(self._tasks)))

    async def delete_all(self) -> None:
        """Delete every task at once, and take no more."""
        self._closing = True
        await asyncio.gather(*(self.delete(task) for task in list(self._tasks)))

    def task(self, task: str) -> Supervisor:
        """A task.

        Raises:
            NotFound: there is none.
        """
        try:
            return self._tasks[task]
        except KeyError:
            raise NotFound(f"there is no task {task}") from None

    def tasks(self, labels: Mapping[str, str]) -> list[Supervisor]:
        """The tasks that have all these labels."""
        return [one for one in self._tasks.values() if labels.items() <= one.spec.labels.items()]

    async def templates(self) -> dict[str, Spec]:
        """The templates by name."""
        await self._look_for_templates()
        return dict(self._templates)

    async def _look_for_templates(self) -> None:
        """Take over the templates that the runtime knows itself; those it knew before stay."""
        for name, spec in (await self.runtime.templates() or {}).items():
            if self._templates.get(name) != spec:
                self.store.save_template(name, spec)
                self._templates[name] = spec

    async def put_template(self, name: str, value: object) -> Spec:
        """Keep a template.

        Raises:
            InvalidSpec: of name or spec, or the runtime has templates of its own.
            DiskFull: it can't be kept.
        """
        if await self.runtime.templates() is not None:
            raise InvalidSpec(OWN_TEMPLATES)
        spec = _given_spec(value)
        self.store.save_template(check_name(name, "template"), spec)
        self._templates[name] = spec
        return spec

    async def put(self, task: str, value: Any) -> tuple[bool, Supervisor]:
        """Make a task be what is asked for.

        Args:
            value: a spec, or a request by template.

        Returns:
            Whether it is new, and the task.

        Raises:
            InvalidSpec, NotFound: of the spec, and of its template.
            StartFailed, NoPort, DiskFull: it can't be started.
        """
        check_name(task, "task")
        spec = await self._spec_of(value)
        async with self._lock(task):
            self._check_open()
            present = self._tasks.get(task)
            if present is None:
                return True, await self._create(task, spec)
            if present.spec.hash() != spec.hash():
                present.verify(spec)
                await present.change(spec)
            return False, present

    async def _create(self, task: str, spec: Spec) -> Supervisor:
        folder = self.store.folder(task)
        found_here = folder.path.exists()
        new = Supervisor(task, spec, State(created_at=time.time()), folder, self._around, self._lock(task))
        # Here already while it starts, so that nobody else is given its ports.
        self._tasks[task] = new
        try:
            new.verify(spec)
            folder.save_spec(spec)
            self.events.emit(task, "created", labels=spec.labels)
            await new.start()
        except AgentFault:
            del self._tasks[task]
            await self.runtime.remove(task)
            if found_here:
                folder.forget()  # what was unpacked into it before stays
            else:
                self.store.delete(folder)
            raise
        return new

    async def _spec_of(self, value: Any) -> Spec:
        if not _has_key(value, "template"):
            if await self.runtime.templates() is not None:
                raise InvalidSpec(OWN_TEMPLATES)
            return _given_spec(value)
        request = parse_request(value)
        await self._look_for_templates()
        if request.template not in self._templates:
            names = ", ".join(self._templates) or "none"
            raise NotFound(f"there is no template {request.template}. There are: {names}.")
        return request.over(self._templates[request.template])

    async def start(self, task: str) -> Supervisor:
        """Start one that ended.

        Raises:
            NotFound, StartFailed, NoPort, DiskFull: it can't be.
        """
        async with self._lock(task):
            self._check_open()
            found = self.task(task)
            await found.start()
            return found

    async def restart(self, task: str) -> Supervisor:
        """Stop and start one.

        Raises:
            NotFound, StartFailed, NoPort, DiskFull: it can't be.
        """
        async with self._lock(task):
            self._check_open()
            found = self.task(task)
            found.verify(found.spec)
            await found.restart()
            return found

    async def stop(self, task: str, grace: float | None) -> Supervisor:
        """Stop one; it stays listed.

        Raises:
            NotFound: there is none.
        """
        async with self._lock(task):
            found = self.task(task)
            await found.stop(grace)
            return found

    async def delete(self, task: str) -> None:
        """Stop one and forget it and its folder; also what was unpacked for one that never was."""
        check_name(task, "task")
        async with self._lock(task):
            found = self._tasks.get(task)
            if found is not None:
                await found.remove()
                found.let_go()
                await self.runtime.remove(task)
                del self._tasks[task]
            await asyncio.to_thread(self.store.delete, self.store.folder(task))

    async def wait(self, task: str, awaited: Awaited, seconds: float) -> Supervisor:
        """Wait until a task is `healthy` (`running`, where it has no check), `running` or `exited`.

        One that has ended is answered at once whatever is awaited: it won't change of itself.

        Raises:
            NotFound: there is none, or no longer.
            WaitTimeout: not in so many seconds.
        """
        try:
            async with asyncio.timeout(seconds):
                while not _holds(found := self.task(task), awaited):
                    await found.next_change().wait()
        except TimeoutError:
            one = self.task(task).state
            raise WaitTimeout(
                f"{task} is not {awaited} after {seconds:g} s: its state is {one.state}, its health {one.health}"
            ) from None
        return found

    async def stats(self) -> dict[str, Usage]:
        """What the running tasks take, by id."""
        return await self.runtime.stats({task: one.run for task, one in self._tasks.items() if one.run is not None})

    def folder_for_archive(self, task: str) -> TaskFolder:
        """A task's folder, also before the task exists.

        Raises:
            InvalidSpec: the id can't be a task's.
        """
        return self.store.folder(check_name(task, "task"))

    def _lock(self, task: str) -> asyncio.Lock:
        return self._locks.setdefault(task, asyncio.Lock())

    def _check_open(self) -> None:
        if self._closing:
            raise Conflict("the agent is shutting down. Start the stack again with `make up`.")

    def _assign_ports(self, task: str, spec: Spec, had: list[tuple[int, int]]) -> list[tuple[int, int]]:
        if not self.runtime.publishes:
            return [(port.container, port.container) for port in spec.ports]
        mine = self._tasks.get(task)
        listening = mine is not None and mine.run is not None
        taken = {host for name, other in self._tasks.items() if name != task for _, host in other.state.ports}
        return self._ports.assign(spec.ports, had, taken, listening=listening)

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            now = time.time()
            for supervisor in list(self._tasks.values()):
                supervisor.log.sample(now)
                if supervisor.unsaved:
                    supervisor.save_again()
                keep = supervisor.spec.logging
                await _rotate(supervisor.log, keep.max_size_bytes, keep.max_files)
            await _rotate(self._own_log, OWN_LOG_BYTES, 2)


async def _rotate(task_log: TaskLog, max_size: int, max_files: int) -> None:
    try:
        await task_log.rotate(max_size, max_files)
    except OSError as error:
        log.warning("the log %s can't be rotated: %s", task_log.path, error)


def _given_spec(value: object) -> Spec:
    """A spec that came through the API.

    Raises:
        InvalidSpec: it is none, or has what only the runtime's own templates may have.
    """
    spec = parse_spec(value)
    if spec.container is not None:
        raise InvalidSpec("container: only templates that Compose made have it")
    return spec


def _holds(one: Supervisor, awaited: Awaited) -> bool:
    state = one.state
    if one.ended or (state.state == "running" and awaited == "running"):
        return True
    return awaited == "healthy" and state.state == "running" and state.health in ("healthy", "none")


def _has_key(value: object, key: str) -> bool:
    return isinstance(value, dict) and key in value
