"""Starting services: everything that can start at once does, and the first failure ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from obsiverse_client import AgentClient, AgentError

from obsiverse.engine.base import LOG_LINES, LONGER, MEND, Started
from obsiverse.engine.errors import EngineError, ServiceFailed
from obsiverse.engine.report import Reporter
from obsiverse.engine.units import Unit

POLL_SECONDS = 1.0
STEADY_SECONDS = 0.5
"""How long a service without a health check must run to count as up: one that can't start mostly ends sooner."""


class Startup:
    """Brings services up in dependency order over an agent."""

    def __init__(self, agent: AgentClient, units: Sequence[Unit], report: Reporter, deadline: float) -> None:
        """
        Args:
            agent: the agent's client.
            units: the services to start.
            report: is told each stage.
            deadline: `time.monotonic()` after which what is not up has failed.
        """
        self._agent = agent
        self._units = {unit.name: unit for unit in units}
        self._report = report
        self._deadline = deadline
        self._reached: set[tuple[str, str]] = set()
        self._changed = threading.Condition()
        self._aborted = False
        self.touched: list[str] = []

    def run(self) -> list[Started]:
        """Start all.

        Raises:
            ServiceFailed: the first that exited, turned unhealthy or took too long.
        """
        if not self._units:
            return []
        with ThreadPoolExecutor(len(self._units), thread_name_prefix="start") as pool:
            futures = [pool.submit(self._bring_up, unit) for unit in self._units.values()]
            try:
                started = [future.result() for future in as_completed(futures)]
            except BaseException:
                self.abort()
                raise
        self._check_all_still_up()
        return sorted(started, key=lambda one: list(self._units).index(one.name))

    def abort(self) -> None:
        """Make every waiting thread end; called on a failure and on Ctrl-C."""
        with self._changed:
            self._aborted = True
            self._changed.notify_all()

    def _bring_up(self, unit: Unit) -> Started:
        self._wait_for_dependencies(unit)
        began = time.monotonic()
        self._report.stage(unit.name, "starting")
        before = self._before(unit)
        status = self._agent.put_task(unit.name, unit.spec)
        fresh = before is None or before["spec_hash"] != status["spec_hash"]
        if before is None:
            self.touched.append(unit.name)
        if not fresh and (unit.oneshot or status["state"] in ("exited", "stopped")):
            status = self._agent.start(unit.name)
            fresh = True
        elif status["state"] == "restarting":
            # The agent is bringing back one that it lost, as after a reboot: only what happens from there on counts.
            status = self._wait(unit.name, "running")
        if status["message"]:
            self._report.warn(f"{unit.name}: {status['message']}")
        self._reach(unit.name, "service_started")
        if unit.oneshot:
            self._follow_to_its_end(unit)
            self._reach(unit.name, "service_completed_successfully")
            self._report.stage(unit.name, "done")
        else:
            self._wait_until_healthy(unit, status["restarts"])
            self._reach(unit.name, "service_healthy")
            self._report.stage(unit.name, "healthy")
        return Started(unit.name, time.monotonic() - began if fresh else 0.0, fresh)

    def _before(self, unit: Unit) -> dict[str, Any] | None:
        try:
            return self._agent.task(unit.name)
        except AgentError as error:
            if error.status == 404:
                return None
            raise

    def _wait_for_dependencies(self, unit: Unit) -> None:
        waiting = [d for d in unit.dependencies if d.service in self._units]
        if waiting:
            self._report.stage(unit.name, "waiting", ", ".join(d.service for d in waiting))
        with self._changed:
            while not all((d.service, d.condition) in self._reached for d in waiting):
                if self._aborted:
                    raise EngineError("stopped")
                if not self._changed.wait(self._remaining()):
                    missing = next(d for d in waiting if (d.service, d.condition) not in self._reached)
                    raise ServiceFailed(unit.name, f"waited for {missing.service} too long", [], LONGER)

    def _reach(self, service: str, condition: str) -> None:
        with self._changed:
            self._reached.add((service, condition))
            self._changed.notify_all()

    def _wait_until_healthy(self, unit: Unit, restarts: int) -> None:
        while True:
            status = self._wait(unit.name, "healthy")
            if status["state"] == "running" and status["health"] == "healthy":
                return
            if status["state"] == "running" and status["health"] == "none":
                status = self._wait(unit.name, "exited", STEADY_SECONDS)
                if status["state"] == "running" and status["restarts"] == restarts:
                    return
            if status["restarts"] > restarts or status["state"] in ("exited", "stopped", "restarting"):
                raise self._failed(unit, _ending(status))
            if status["health"] == "unhealthy":
                raise self._failed(unit, "is unhealthy: its health check keeps failing")
            if self._remaining() <= 0:
                raise self._failed(unit, "was not healthy in time", LONGER)

    def _follow_to_its_end(self, unit: Unit) -> None:
        ended = threading.Event()

        def follow() -> None:
            for _, line in self._agent.logs(unit.name, follow=True, since=time.time() - 1):
                if self._aborted or ended.is_set():
                    return
                self._report.line(unit.name, line)

        printer = threading.Thread(target=follow, daemon=True)
        printer.start()
        try:
            while True:
                status = self._wait(unit.name, "exited")
                if status["state"] in ("exited", "stopped"):
                    break
                if self._remaining() <= 0:
                    raise self._failed(unit, "was not done in time", LONGER)
        finally:
            printer.join(POLL_SECONDS)
            ended.set()
        if status["exit_code"] != 0:
            raise self._failed(unit, _ending(status))

    def _wait(self, name: str, condition: str, within: float = POLL_SECONDS) -> dict[str, Any]:
        if self._aborted:
            raise EngineError("stopped")
        return wait_briefly(self._agent, name, condition, min(within, self._remaining()))

    def _check_all_still_up(self) -> None:
        for unit in self._units.values():
            status = self._agent.task(unit.name)
            if not unit.oneshot and status["state"] != "running":
                raise self._failed(unit, _ending(status))

    def _failed(self, unit: Unit, reason: str, hint: str = "") -> ServiceFailed:
        log = [line for _, line in self._agent.logs(unit.name, tail=LOG_LINES)]
        self._report.stage(unit.name, "failed", reason)
        return ServiceFailed(unit.name, reason, log, hint or MEND)

    def _remaining(self) -> float:
        return self._deadline - time.monotonic()


def wait_briefly(agent: AgentClient, name: str, condition: str, within: float = POLL_SECONDS) -> dict[str, Any]:
    """The status of a task once a condition holds, or as it is after `within` seconds, at most one."""
    try:
        return agent.wait(name, condition, max(0.0, min(within, POLL_SECONDS)))
    except AgentError as error:
        if error.status != 408:
            raise
        return agent.task(name)


def _ending(status: dict[str, Any]) -> str:
    if status["oom_killed"]:
        return "was killed: the machine ran out of memory"
    if status["signal"]:
        return f"was ended by {status['signal']}"
    if status["exit_code"] is not None:
        return f"exited with code {status['exit_code']}"
    return f"is {status['state']}: {status['message']}" if status["message"] else f"is {status['state']}"


def waves(units: Iterable[Unit]) -> list[list[str]]:
    """Names of the services in the order to stop them: each wave may stop once the one before has.

    A service stops before what it depends on.
    """
    left = {unit.name: {d.service for d in unit.dependencies} for unit in units}
    order: list[list[str]] = []
    while left:
        needed = {name for dependencies in left.values() for name in dependencies}
        wave = [name for name in left if name not in needed] or list(left)
        order.append(wave)
        for name in wave:
            del left[name]
    return order
