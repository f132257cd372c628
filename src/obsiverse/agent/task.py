"""One task's life: started, watched, started again, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Collection
from typing import Any

from obsiverse.agent import health
from obsiverse.agent.errors import AgentFault, Conflict
from obsiverse.agent.events import Events
from obsiverse.agent.logs import TaskLog
from obsiverse.agent.oom import OomWatch
from obsiverse.agent.ports import Ports
from obsiverse.agent.runtime import Handle, Runtime
from obsiverse.agent.spec import Spec
from obsiverse.agent.store import Record, Store, as_json

FIRST_PAUSE, LONGEST_PAUSE, STEADY_SECONDS = 0.1, 30.0, 10.0
ALWAYS = ("always", "unless-stopped")
UNENFORCED = "limits on CPU and memory are not enforced for processes"


class Surroundings:
    """What all tasks of an agent share."""

    def __init__(
        self, store: Store, runtime: Runtime[Any], events: Events, used_ports: Callable[[], Collection[int]]
    ) -> None:
        self.store = store
        self.runtime = runtime
        self.events = events
        self.ports = Ports()
        self.used_ports = used_ports
        self.oom = OomWatch()
        self.changed = asyncio.Condition()


class Task:
    """A task and what runs it. Its verbs take turns; the caller sees their result in `status()`."""

    def __init__(self, name: str, spec: Spec, record: Record, around: Surroundings) -> None:
        self.name = name
        self.spec = spec
        self.record = record
        self.log = TaskLog(around.store.task_folder(name), spec.logging)
        self._around = around
        self._turn = asyncio.Lock()
        self._handle: Handle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._checker: asyncio.Task[None] | None = None
        self._pause = FIRST_PAUSE
        self._killed_by_agent = False

    def status(self) -> dict[str, Any]:
        """The task as the API shows it."""
        folder = self._around.store.task_folder(self.name)
        running = self.record.state == "running"
        return {
            "id": self.name,
            "spec": self.spec.model_dump(mode="json"),
            "spec_hash": self.spec.hash,
            **as_json(self.record),
            "pid": self._around.runtime.main_pid(folder) if running else None,
            "ports": [
                {"container": port.container, "host": self.record.host_ports.get(str(port.container))}
                for port in self.spec.ports
            ],
            "root": str(folder / "root"),
            "log": str(folder / "log"),
        }

    @property
    def settled(self) -> bool:
        """It ended and will not start again by itself."""
        return self.record.state in ("exited", "stopped")

    @property
    def running(self) -> Handle | None:
        """What runs it, while it runs."""
        return self._handle

    async def start(self) -> None:
        """Start it unless it runs.

        Raises:
            AgentFault: it could not be started.
        """
        async with self._turn:
            if self.record.state in ("running", "restarting") and self.record.wanted and self._watcher is not None:
                return
            self.record.wanted = True
            self.record.restarts = 0
            self._pause = FIRST_PAUSE
            self._spawn()

    async def stop(self, grace: float | None = None) -> None:
        """Stop it: the stop signal to its group, SIGKILL after the grace period; it stays stopped."""
        async with self._turn:
            await self._stop(self.spec.stop_grace if grace is None else grace)

    async def restart(self) -> None:
        """Stop it, then start it."""
        async with self._turn:
            await self._stop(self.spec.stop_grace)
            self.record.wanted = True
            self.record.restarts += 1
            self._spawn()

    async def signal(self, name: str) -> None:
        """Send a signal to its main process.

        Raises:
            Conflict: it does not run.
        """
        if self.record.state != "running":
            raise Conflict(f"{self.name} is {self.record.state}, so it gets no signal")
        self._around.runtime.signal_main(self._around.store.task_folder(self.name), signal.Signals[name])

    async def recover(self) -> None:
        """Take it over from an earlier agent."""
        async with self._turn:
            if self.settled or not self.record.wanted:
                self._around.runtime.kill_rest(self.name, None)
                if not self.settled:
                    self._settle("stopped")
                return
            found = self._find()
            if found is not None:
                self.record.pid, self.record.began, self.record.state = found.pid, found.began, "running"
                self._watch(found)
                self._around.events.add(self.name, "adopted", labels=self.spec.labels)
            elif self.record.pid is not None or (self._around.store.task_folder(self.name) / "exit").exists():
                await self._ended_unseen()
            else:
                with contextlib.suppress(AgentFault):
                    self._spawn()

    def _find(self) -> Handle | None:
        runtime = self._around.runtime
        if self.record.pid is not None and self.record.began is not None:
            adopted = runtime.adopt(self.record.pid, self.record.began)
            if adopted is not None:
                return adopted
        return runtime.find(self.name)

    async def _ended_unseen(self) -> None:
        folder = self._around.store.task_folder(self.name)
        self._around.runtime.kill_rest(self.name, None)
        message = "" if (folder / "exit").exists() else "lost: its process is gone, as after a reboot"
        self._note_end(message)
        self._watcher = asyncio.create_task(self._after_end())

    def _spawn(self) -> None:
        around, record, spec = self._around, self.record, self.spec
        folder = around.store.make_task_folder(self.name)
        for port in spec.ports:
            key = str(port.container)
            if port.host is not None:
                record.host_ports[key] = port.host
            elif key not in record.host_ports:
                record.host_ports[key] = around.ports.take(around.used_ports())
        # Written before the start, so that a start whose record was lost to a kill is looked for by its mark.
        record.state, record.pid, record.began = "running", None, None
        record.exit_code = record.signal = record.finished_at = record.healthy_at = None
        record.oom_killed = False
        record.message = UNENFORCED if spec.limits.cpus or spec.limits.memory_bytes else ""
        record.health = "starting" if spec.health else "none"
        record.started_at = time.time()
        around.store.save(self.name, spec, record)
        try:
            handle = around.runtime.start(self.name, spec, folder, self._variables())
        except (AgentFault, OSError) as error:
            record.message = str(error)
            self._settle("exited")
            raise
        record.pid, record.began = handle.pid, handle.began
        self._save()
        around.events.add(self.name, "started", labels=spec.labels)
        self._watch(handle)
        self._tell()

    def _variables(self) -> dict[str, str]:
        root = self._around.store.task_folder(self.name) / "root"
        found = {port.env: str(self.record.host_ports[str(port.container)]) for port in self.spec.ports if port.env}
        for path, name in self.spec.paths.items():
            place = root / path.lstrip("/")
            place.mkdir(parents=True, exist_ok=True)
            found[name] = str(place)
        return found

    def _watch(self, handle: Handle) -> None:
        self._handle = handle
        self._killed_by_agent = False
        self._watcher = asyncio.create_task(self._until_end(handle))
        if self.spec.health is not None:
            folder = self._around.store.task_folder(self.name)
            check = health.make_check(
                self.spec.health,
                {int(container): host for container, host in self.record.host_ports.items()},
                {**self.spec.env, **self._variables()},
                self.spec.working_dir or str(folder / "root"),
            )
            self._checker = asyncio.create_task(health.watch(self.spec.health, check, self._health_changed))

    def _health_changed(self, healthy: bool) -> None:
        self.record.health = "healthy" if healthy else "unhealthy"
        if healthy:
            self.record.healthy_at = self.record.healthy_at or time.time()
        self._around.events.add(self.name, self.record.health, labels=self.spec.labels)
        self._save()
        self._tell()
        if not healthy and self.spec.restart.policy in ALWAYS and self._handle is not None:
            asyncio.create_task(self._end(self._handle, self.spec.stop_grace))

    async def _until_end(self, handle: Handle) -> None:
        await self._around.runtime.ended(handle)
        if self._checker is not None:
            self._checker.cancel()
        await asyncio.to_thread(self._around.runtime.kill_rest, self.name, None)
        self._handle = None
        self._note_end("")
        await self._after_end()

    def _note_end(self, message: str) -> None:
        ended = self._around.runtime.outcome(self._around.store.task_folder(self.name))
        record = self.record
        record.exit_code, record.signal = ended.exit_code, ended.signal
        record.oom_killed = ended.signal == "SIGKILL" and not self._killed_by_agent and self._around.oom.rose()
        record.finished_at, record.pid, record.began, record.message = time.time(), None, None, message
        record.health = "none" if self.spec.health is None else record.health
        self.log.sample()
        self._around.events.add(
            self.name,
            "exited",
            exit_code=record.exit_code,
            signal=record.signal,
            message=message,
            labels=self.spec.labels,
        )

    async def _after_end(self) -> None:
        record = self.record
        if not record.wanted:
            self._settle("stopped")
            return
        if not self._starts_again():
            self._settle("exited")
            return
        if record.started_at and time.time() - record.started_at >= STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        record.state, record.health = "restarting", "starting" if self.spec.health else "none"
        record.restarts += 1
        self._save()
        self._tell()
        self._around.events.add(self.name, "restarting", message=f"in {self._pause:.1f} s", labels=self.spec.labels)
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        await asyncio.sleep(pause)
        async with self._turn:
            if record.wanted and record.state == "restarting":
                with contextlib.suppress(AgentFault, OSError):
                    self._spawn()

    def _starts_again(self) -> bool:
        policy = self.spec.restart
        if policy.policy in ALWAYS:
            return True
        within = policy.max_retries is None or self.record.restarts < policy.max_retries
        return policy.policy == "on-failure" and self.record.exit_code != 0 and within

    async def _stop(self, grace: float) -> None:
        self.record.wanted = False
        if self._handle is not None:
            self._save()
            await self._end(self._handle, grace)
        elif self.record.state == "restarting" and self._watcher is not None:
            self._watcher.cancel()
        if self._watcher is not None:
            await asyncio.wait([self._watcher])
        if not self.settled:
            self._settle("stopped")

    async def _end(self, handle: Handle, grace: float) -> None:
        runtime = self._around.runtime
        runtime.signal_all(handle, signal.Signals[self.spec.stop_signal])
        try:
            await asyncio.wait_for(runtime.ended(handle), grace)
        except TimeoutError:
            self._killed_by_agent = True
            await asyncio.to_thread(runtime.kill_rest, self.name, handle)

    def _settle(self, state: str) -> None:
        self.record.state, self.record.pid, self.record.began = state, None, None
        if state == "stopped":
            self._around.events.add(self.name, "stopped", exit_code=self.record.exit_code, labels=self.spec.labels)
        self._save()
        self._tell()

    def _save(self) -> None:
        # What already happened must go on although it can't be written down; the next write may succeed.
        with contextlib.suppress(AgentFault):
            self._around.store.save_record(self.name, self.record)

    def _tell(self) -> None:
        async def tell() -> None:
            async with self._around.changed:
                self._around.changed.notify_all()

        asyncio.get_running_loop().create_task(tell())
