"""All tasks and templates of an agent."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import structlog

from obsiverse.agent.errors import AgentFault, InvalidSpec, NotFound, WaitTimeout
from obsiverse.agent.events import Events
from obsiverse.agent.runtime import Runtime
from obsiverse.agent.spec import FromTemplate, Spec, check_name, parse
from obsiverse.agent.store import Record, Store
from obsiverse.agent.task import Surroundings, Task

log = structlog.get_logger()
SAMPLE_SECONDS = 1.0

CONDITIONS: dict[str, Callable[[Task], bool]] = {
    "running": lambda task: task.record.state == "running" or task.settled,
    "healthy": lambda task: (
        task.settled or (task.record.state == "running" and task.record.health in ("healthy", "none"))
    ),
    "exited": lambda task: task.settled,
}


class Manager:
    """Holds the tasks, keeps their logs short, and takes them over from an earlier agent."""

    def __init__(self, store: Store, runtime: Runtime[Any]) -> None:
        self._store = store
        self._runtime = runtime
        self.events = Events(store.folder / "events.jsonl")
        self._around = Surroundings(store, runtime, self.events, self._used_ports)
        self._tasks: dict[str, Task] = {}
        self._templates: dict[str, Spec] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._sampler: asyncio.Task[None] | None = None
        self.started_at = time.time()

    async def open(self) -> None:
        """Take over what an earlier agent left, and begin to watch the logs."""
        self._templates = self._store.load_templates()
        for name, (spec, record) in self._store.load().items():
            self._tasks[name] = Task(name, spec, record, self._around)
        await asyncio.gather(*(task.recover() for task in self._tasks.values()))
        self._sampler = asyncio.create_task(self._sample())

    async def _sample(self) -> None:
        while True:
            for task in list(self._tasks.values()):
                if task.running is not None:
                    try:
                        task.log.sample()
                    except OSError as error:
                        log.warning("log.unwritable", task=task.name, error=str(error))
            await asyncio.sleep(SAMPLE_SECONDS)

    def _used_ports(self) -> set[int]:
        return {port for task in self._tasks.values() for port in task.record.host_ports.values()}

    def put_template(self, name: str, body: Any) -> dict[str, Any]:
        """Keep a template."""
        spec = parse(Spec, body)
        self._store.save_template(check_name(name), spec)
        self._templates[name] = spec
        return {"name": name, "spec_hash": spec.hash}

    def templates(self) -> dict[str, Any]:
        """All templates by name."""
        return {name: spec.model_dump(mode="json") for name, spec in self._templates.items()}

    async def put(self, name: str, body: Any) -> tuple[dict[str, Any], bool]:
        """Make sure that a task is as told.

        Returns:
            Its status, and whether it is new.
        """
        check_name(name)
        spec = self._spec(body)
        async with self._turns[name]:
            existing = self._tasks.get(name)
            if existing is not None and existing.spec.hash == spec.hash:
                return existing.status(), False
            record = Record()
            if existing is not None:
                await existing.stop()
                record.host_ports = existing.record.host_ports
            task = Task(name, spec, record, self._around)
            self._store.save(name, spec, record)
            self._tasks[name] = task
            if existing is None:
                self.events.add(name, "created", labels=spec.labels)
            try:
                await task.start()
            except (AgentFault, OSError):
                if existing is None:
                    self._drop(task)
                raise
            return task.status(), existing is None

    def _spec(self, body: Any) -> Spec:
        if not isinstance(body, dict) or "template" not in body:
            return parse(Spec, body)
        wanted: FromTemplate = parse(FromTemplate, body)
        template = self._templates.get(wanted.template)
        if template is None:
            raise InvalidSpec(
                f"template: there is none named {wanted.template!r}; there are: {', '.join(self._templates) or 'none'}"
            )
        return wanted.fill(template)

    def get(self, name: str) -> Task:
        """A task by name."""
        task = self._tasks.get(name)
        if task is None:
            raise NotFound(f"there is no task {name}")
        return task

    def tasks(self, labels: dict[str, str]) -> list[Task]:
        """The tasks that have all of some labels."""
        return [task for task in self._tasks.values() if labels.items() <= task.spec.labels.items()]

    async def delete(self, name: str) -> None:
        """Stop a task and forget it; nothing happens where it is already gone."""
        async with self._turns[check_name(name)]:
            task = self._tasks.get(name)
            if task is not None:
                await task.stop()
                self._drop(task)
                self.events.add(name, "removed", labels=task.spec.labels)
            self._store.forget(name)
        self._turns.pop(name, None)

    def _drop(self, task: Task) -> None:
        self._tasks.pop(task.name, None)
        self._store.forget(task.name)

    async def wait(self, name: str, condition: str, timeout: float) -> dict[str, Any]:
        """The status of a task once a condition holds."""
        holds = CONDITIONS.get(condition)
        if holds is None:
            raise InvalidSpec(f"for: {condition!r} is none of {', '.join(CONDITIONS)}")
        task = self.get(name)
        try:
            async with asyncio.timeout(timeout), self._around.changed:
                await self._around.changed.wait_for(
                    lambda: holds(self._tasks.get(name, task)) or name not in self._tasks
                )
        except TimeoutError:
            raise WaitTimeout(
                f"{name} is not {condition} after {timeout:g} s; it is {task.record.state}, {task.record.health}"
            ) from None
        return self.get(name).status()

    def usage(self, task: Task) -> dict[str, Any]:
        """What a task uses; zeros where it does not run."""
        if task.running is None:
            return {"cpu_percent": 0.0, "rss_bytes": 0, "processes": 0}
        used = self._runtime.usage(task.name, task.running)
        return {"cpu_percent": used.cpu_percent, "rss_bytes": used.rss_bytes, "processes": used.processes}

    def all_usage(self) -> dict[str, Any]:
        """What each task uses, by name."""
        return {task.name: self.usage(task) for task in self._tasks.values()}

    async def stop_all(self) -> None:
        """Stop every task at once."""
        await asyncio.gather(*(task.stop() for task in self._tasks.values()))

    async def close(self) -> None:
        """Stop watching; the tasks run on."""
        if self._sampler is not None:
            self._sampler.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sampler
