"""One task's life: started, watched, restarted, stopped.

Everything here runs under the task's lock, which its caller holds, but for what is said to take it itself.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal

from obsiverse.agent import health
from obsiverse.agent.environment import environment
from obsiverse.agent.errors import AgentFault, Conflict, StartFailed
from obsiverse.agent.events import Events, EventType
from obsiverse.agent.logs import TaskLog
from obsiverse.agent.restart import Backoff, restarts
from obsiverse.agent.runtime import Exit, Launch, Running, Runtime
from obsiverse.agent.spec import Health, Spec
from obsiverse.agent.state import State, TaskHealth, status
from obsiverse.agent.store import TaskFolder

log = logging.getLogger(__name__)
LOST = "lost: it ended and nobody saw how (the machine restarted, or all its processes were killed)"


@dataclass(frozen=True)
class Surroundings:
    """What all tasks of an agent share.

    Attributes:
        mark: names the agent in the environment of its tasks.
        assign_ports: gives a task its ports as (container, host): its id, spec and the ports it had. Raises NoPort.
    """

    runtime: Runtime
    events: Events
    mark: str
    assign_ports: Callable[[str, Spec, list[tuple[int, int]]], list[tuple[int, int]]]
    backoff: Backoff = field(default_factory=Backoff)


class Supervisor:
    """Keeps one task as its user wants it."""

    def __init__(
        self, task: str, spec: Spec, state: State, folder: TaskFolder, around: Surroundings, lock: asyncio.Lock
    ) -> None:
        self.task = task
        self.spec = spec
        self.state = state
        self.folder = folder
        self.log = TaskLog(folder.log)
        self.unsaved = False
        self._around = around
        self._lock = lock
        self._run: Running | None = None
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    @property
    def run(self) -> Running | None:
        """The present run, where there is one."""
        return self._run

    @property
    def ended(self) -> bool:
        """Whether it does not run and won't of itself."""
        return self.state.state in ("exited", "stopped")

    def status(self) -> dict[str, Any]:
        """Its status, as the API shows it."""
        hostname = self._around.runtime.hostname(self.task)
        root, log = str(self.folder.root), str(self.folder.log)
        return status(self.task, self.spec, self.state, root=root, log=log, hostname=hostname)

    def next_change(self) -> asyncio.Event:
        """An event that is set when the task's state or health changes next."""
        return self._changed

    def verify(self, spec: Spec) -> None:
        """Check that a spec can be started in this task's place, before anything is changed.

        Raises:
            StartFailed, NoPort, DiskFull: it can't.
        """
        ports = self._around.assign_ports(self.task, spec, self.state.ports)
        self._around.runtime.verify(self._launch(spec, ports))

    async def start(self) -> None:
        """Start it; nothing where it runs.

        Raises:
            StartFailed, NoPort, DiskFull: it can't be; it is `exited`, and the message says why.
        """
        if self._run is not None:
            return
        self._cancel("restart")
        self.state.wanted = "up"
        self.state.attempts = 0
        await self._begin()

    async def restart(self) -> None:
        """Stop it, where it runs, and start it.

        Raises:
            StartFailed, NoPort, DiskFull: as for `start`.
        """
        if self._run is not None:
            await self._end_run(self.spec.stop_grace)
        await self.start()

    async def change(self, spec: Spec) -> None:
        """Run another spec in its place.

        Raises:
            StartFailed, NoPort, DiskFull: it can't be started.
        """
        old = self.spec
        # Kept first: an agent that finds a run of another spec than the one kept goes on with the change.
        self.folder.save_spec(spec)
        self._cancel("restart")
        if self._run is not None:
            await self._end_run(old.stop_grace)
        self.spec = spec
        await self.start()

    async def stop(self, grace: float | None = None, *, wanted: Literal["stopped", "removed"] = "stopped") -> None:
        """Stop it and keep it stopped."""
        self._cancel("restart")
        if self._run is None and self.ended and wanted == "stopped":
            return
        self.state.wanted = wanted
        self._save_or_warn()
        if self._run is not None:
            await self._end_run(self.spec.stop_grace if grace is None else grace)
        elif self.ended:
            return
        self._settle_stopped()

    async def remove(self) -> None:
        """Stop it for good; its folder is its caller's to delete."""
        await self.stop(wanted="removed")
        self._emit("removed")

    async def signal(self, name: str) -> None:
        """Send a signal to its program.

        Raises:
            Conflict: it does not run.
        """
        if self._run is None:
            raise Conflict(f"{self.task} is {self.state.state}, so there is nothing to signal")
        await self._run.signal(name)

    async def adopt(self) -> None:
        """Go on where the agent before this one ended, whatever it was doing."""
        state = self.state
        if self.ended:
            if state.state == "exited" and state.wanted == "stopped":
                self._settle_stopped()
            elif state.wanted == "up" and self._was_being_replaced():
                self._spawn("resume", self._locked(self._begin_or_retry))
            return
        found = await self._around.runtime.adopt(self._launch(self.spec, state.ports), state.run)
        if isinstance(found, Exit):
            await self._record_end(found, may_restart=state.wanted == "up")
        elif found is not None:
            self._run = found
            state.state, state.pid, state.run = "running", found.pid, found.record()
            state.started_at = state.started_at or time.time()
            self._watch(found, was=state.health)
            self._save_or_warn()
            self._emit("adopted")
        if state.wanted == "removed":
            return
        if state.wanted == "stopped":
            if self._run is None:
                self._settle_stopped()
            else:
                self._spawn("resume", self._locked(self.stop))
        elif self._run is None and not self.ended and state.state != "restarting":
            self._spawn("resume", self._locked(self._begin_or_retry))
        elif state.state == "restarting" and "restart" not in self._jobs:
            self._restart_after(self._around.backoff.delay(state.attempts))
        elif self._run is not None and state.run_hash not in (None, self.spec.hash()):
            self._spawn("resume", self._locked(self.restart))

    def let_go(self) -> None:
        """Stop watching it; it runs on."""
        for name in list(self._jobs):
            self._cancel(name)

    def save_again(self) -> None:
        """Write the state that a full disk refused."""
        self._save_or_warn()

    def _settle_stopped(self) -> None:
        self.state.state = "stopped"
        self._save_or_warn()
        self._emit("stopped")

    def _was_being_replaced(self) -> bool:
        """Whether the agent died between a run that it had ended and the next one."""
        changed = self.state.run_hash not in (None, self.spec.hash())
        return changed or self.spec.restart.policy in ("always", "unless-stopped")

    def _launch(self, spec: Spec, ports: list[tuple[int, int]]) -> Launch:
        variables = environment(self.task, spec, mark=self._around.mark, root=self.folder.root, ports=ports)
        return Launch(self.task, spec, self.folder, variables)

    async def _begin(self) -> None:
        """Start a run. The intent goes to disk first, so that a killed agent's successor looks for what may run."""
        state, around = self.state, self._around
        try:
            state.ports = around.assign_ports(self.task, self.spec, state.ports)
            launch = self._launch(self.spec, state.ports)
            around.runtime.verify(launch)
            state.state, state.health, state.run, state.pid = "created", "none", None, None
            state.run_hash = self.spec.hash()
            self._save()
            self._run = await around.runtime.start(launch)
        except (AgentFault, OSError) as error:
            state.state, state.message, state.finished_at = "exited", str(error), time.time()
            self._save_or_warn()
            self._emit("exited", message=state.message)
            if isinstance(error, AgentFault):
                raise
            raise StartFailed(f"{self.task} can't be started: {error}") from error
        state.state = "running"
        state.health = "starting" if self._check else "none"
        state.run, state.pid = self._run.record(), self._run.pid
        state.started_at, state.healthy_at, state.finished_at = time.time(), None, None
        state.exit_code, state.signal, state.oom_killed = None, None, False
        state.message = self._warning()
        self._watch(self._run, was=state.health)
        self._save_or_warn()
        self._emit("started", message=state.message)

    @property
    def _check(self) -> Health | None:
        return None if self.spec.health is None or self.spec.health.off else self.spec.health

    def _warning(self) -> str:
        return "; ".join(self._around.runtime.warnings(self.spec))

    def _watch(self, run: Running, *, was: TaskHealth) -> None:
        self._spawn("exit", self._await_end(run))
        if check := self._check:
            self._spawn(
                "health",
                health.watch(
                    check,
                    lambda: health.check(check, self.state, run),
                    lambda now, message: self._on_health(run, now, message),
                    was="starting" if was == "none" else was,
                ),
            )

    async def _await_end(self, run: Running) -> None:
        end = await run.wait()
        async with self._lock:
            if self._run is run:
                await self._record_end(end, may_restart=True)

    def _on_health(self, run: Running, now: TaskHealth, message: str) -> None:
        if self._run is not run:
            return
        self.state.health = now
        self.state.message = message or self._warning()
        if now == "healthy":
            self.state.healthy_at = self.state.healthy_at or time.time()
        self._save_or_warn()
        self._emit("healthy" if now == "healthy" else "unhealthy", message=message)
        if now == "unhealthy" and self.spec.restart.policy in ("always", "unless-stopped"):
            self._spawn("replace", self._replace(run, message))

    async def _replace(self, run: Running, message: str) -> None:
        async with self._lock:
            if self._run is run:
                end = await run.stop(self.spec.stop_signal, self.spec.stop_grace)
                await self._record_end(end, may_restart=True, message=f"unhealthy: {message}")

    async def _end_run(self, grace: float) -> None:
        if self._run is not None:
            end = await self._run.stop(self.spec.stop_signal, grace)
            await self._record_end(end, may_restart=False)

    async def _record_end(self, end: Exit, *, may_restart: bool, message: str = "") -> None:
        state = self.state
        now = time.time()
        self._run = None
        self._cancel("health")
        self.log.sample(now)
        if end.lost:
            message = message or LOST
        state.state, state.health, state.pid, state.run = "exited", "none", None, None
        state.finished_at, state.exit_code, state.signal, state.oom_killed = now, end.code, end.signal, end.oom_killed
        state.message = message
        if state.started_at is not None and now - state.started_at >= self._around.backoff.settled:
            state.attempts = 0
        again = may_restart and state.wanted == "up" and restarts(self.spec.restart, end, state.attempts)
        delay = self._around.backoff.delay(state.attempts)
        if again:
            state.state = "restarting"
        self._save_or_warn()
        self._emit("exited", exit_code=end.code, signal=end.signal, message=message)
        if again:
            self._emit("restarting", message=f"in {delay:g} s")
            self._restart_after(delay)

    def _restart_after(self, delay: float) -> None:
        async def later() -> None:
            await asyncio.sleep(delay)
            async with self._lock:
                if self.state.state == "restarting" and self._run is None:
                    self.state.attempts += 1
                    self.state.restarts += 1
                    await self._begin_or_retry()

        self._spawn("restart", later())

    async def _begin_or_retry(self) -> None:
        try:
            await self._begin()
        except AgentFault as fault:
            if restarts(self.spec.restart, Exit(None), self.state.attempts):
                self.state.state = "restarting"
                self._save_or_warn()
                self._emit("restarting", message=str(fault))
                self._restart_after(self._around.backoff.delay(self.state.attempts))

    async def _locked(self, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async with self._lock:
            try:
                await step()
            except AgentFault as fault:
                log.warning("can't go on with %s: %s", self.task, fault)

    def _spawn(self, name: str, job: Coroutine[Any, Any, None]) -> None:
        if self._jobs.get(name) is not asyncio.current_task():
            self._cancel(name)
        task = asyncio.create_task(job, name=f"{name} of {self.task}")
        self._jobs[name] = task
        task.add_done_callback(lambda done: self._finished(name, done))

    def _finished(self, name: str, done: asyncio.Task[None]) -> None:
        if self._jobs.get(name) is done:
            del self._jobs[name]
        if not done.cancelled() and (error := done.exception()):
            log.error("the supervision of %s failed: %s", self.task, name, exc_info=error)

    def _cancel(self, name: str) -> None:
        job = self._jobs.pop(name, None)
        if job is not None and job is not asyncio.current_task():
            job.cancel()

    def _save(self) -> None:
        self.folder.save_state(self.spec, self.state)
        self.unsaved = False

    def _save_or_warn(self) -> None:
        """Write the state; where the disk is full it is in memory alone until `save_again`."""
        try:
            self._save()
        except (AgentFault, OSError) as error:
            if not self.unsaved:
                log.warning("the state of %s can't be written: %s", self.task, error)
            self.unsaved = True

    def _emit(
        self, kind: EventType, *, exit_code: int | None = None, signal: str | None = None, message: str = ""
    ) -> None:
        self._around.events.emit(
            self.task, kind, labels=self.spec.labels, exit_code=exit_code, signal=signal, message=message
        )
        self._changed.set()
        self._changed = asyncio.Event()
