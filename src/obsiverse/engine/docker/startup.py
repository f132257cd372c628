"""Watching services while Docker Compose starts them: stages, times, and the first failure."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Collection
from typing import Any

import docker.errors

from obsiverse.engine.base import LOG_LINES, LONGER, MEND, Started
from obsiverse.engine.docker import compose_cli, containers
from obsiverse.engine.docker.address import answering
from obsiverse.engine.docker.containers import Container
from obsiverse.engine.errors import EngineError, ServiceFailed
from obsiverse.engine.report import Reporter

POLL_SECONDS = 0.25
STEADY_SECONDS = 0.5
"""How long a service without a health check must run to count as up: one that can't start mostly ends sooner."""
END_SECONDS = 5.0


class Startup:
    """Watches a project while `docker compose up` runs."""

    def __init__(
        self, client: Any, project: str, services: Collection[str], before: Collection[Container], report: Reporter
    ) -> None:
        """
        Args:
            services: those that are to be up in the end.
            before: the project's containers before the start.
        """
        self._client = client
        self._project = project
        self._services = services
        self._before = {one.service: one for one in before if one.state == "running"}
        # By the engine's clock, which may not be this machine's.
        self._ended = {one.id: self._state(one).get("FinishedAt", "") for one in before if one.state == "exited"}
        self._report = report
        self._stages: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._running_since: dict[str, float] = {}
        self._printers: list[threading.Thread] = []

    def watch(self, process: subprocess.Popen[str], deadline: float) -> list[Started]:
        """Wait until Compose has ended and every service is up.

        Args:
            process: `docker compose up -d`; it is ended where this raises.
            deadline: `time.monotonic()` after which what is not up has failed.

        Raises:
            ServiceFailed: the first that exited, turned unhealthy or took too long.
            EngineError: Compose failed, or the engine went away.
        """
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
        reader.start()
        try:
            with answering():
                found = self._until_up(process, said, reader, deadline)
        finally:
            end(process)
        for printer in self._printers:
            printer.join(END_SECONDS)
        return [
            Started(
                name, 0.0 if self._was_up(found[name]) else self._seconds.get(name, 0.0), not self._was_up(found[name])
            )
            for name in self._services
            if not found[name].is_template
        ]

    def _until_up(
        self, process: subprocess.Popen[str], said: list[str], reader: threading.Thread, deadline: float
    ) -> dict[str, Container]:
        while True:
            # Before the look: what was looked at while Compose still worked may be a run before this one.
            code = process.poll()
            found = {
                one.service: one
                for one in containers.listed(self._client, self._project)
                if one.service in self._services
            }
            for one in found.values():
                self._look_at(one)
            if code:
                reader.join(END_SECONDS)
                self._fail_by_service(found)
                raise compose_cli.failure("up", [line.rstrip() for line in said])
            if code == 0 and all(self._is_up(found.get(name)) for name in self._services):
                return found
            if time.monotonic() > deadline:
                raise self._late(found)
            time.sleep(POLL_SECONDS)

    def _was_up(self, one: Container) -> bool:
        before = self._before.get(one.service)
        return before is not None and before.id == one.id

    def _is_up(self, one: Container | None) -> bool:
        if one is None or not one.is_up or self._ended_before(one):
            return False
        steady = time.monotonic() - self._running_since.get(one.service, 0.0) >= STEADY_SECONDS
        return one.is_oneshot or one.health == "healthy" or steady

    def _look_at(self, one: Container) -> None:
        """Report what is new of a service. Raises ServiceFailed where it failed."""
        if self._ended_before(one):
            return
        if one.state == "running":
            self._running_since.setdefault(one.service, time.monotonic())
        if one.state in ("running", "exited") and one.is_oneshot and not one.is_template:
            self._show_lines(one)
        if one.state == "restarting" or one.health == "unhealthy" or (one.state == "exited" and one.exit_code != 0):
            raise self.failed(one)
        if one.is_template:
            return
        stage = "waiting" if one.state == "created" else "starting"
        if one.is_up:
            stage = "done" if one.is_oneshot else "healthy" if one.health == "healthy" else "running"
            if one.service not in self._seconds:
                self._seconds[one.service] = self._took(one)
        if self._stages.get(one.service) != stage and not self._was_up(one):
            self._stages[one.service] = stage
            self._report.stage(one.service, stage)

    def _ended_before(self, one: Container) -> bool:
        """Whether it had ended before this start, and is about to be started again."""
        return (
            one.state == "exited"
            and one.id in self._ended
            and self._state(one).get("FinishedAt") == self._ended[one.id]
        )

    def _state(self, one: Container) -> dict[str, Any]:
        try:
            return self._client.api.inspect_container(one.id)["State"]
        except docker.errors.NotFound:
            return {}

    def _took(self, one: Container) -> float:
        """Seconds from its start to now, or to its end."""
        state = self._state(one)
        if not state:
            return 0.0
        finished = containers.unix_seconds(state["FinishedAt"]) if state["Status"] == "exited" else time.time()
        return max(0.0, finished - containers.unix_seconds(state["StartedAt"]))

    def _show_lines(self, one: Container) -> None:
        name = f"lines of {one.id}"
        if any(printer.name == name for printer in self._printers):
            return

        ended = self._ended.get(one.id)
        since = containers.unix_seconds(ended) if ended else None

        def follow() -> None:
            with contextlib.suppress(EngineError):  # the watch itself says that the engine is gone
                for service, _, line in containers.lines(
                    self._client, one.service, one.id, follow=True, since=since, tail=None
                ):
                    self._report.line(service, line)

        printer = threading.Thread(target=follow, daemon=True, name=name)
        self._printers.append(printer)
        printer.start()

    def _fail_by_service(self, found: dict[str, Container]) -> None:
        for one in found.values():
            if one.state in ("exited", "restarting", "dead") and not one.is_up and not self._ended_before(one):
                raise self.failed(one)
            if one.health == "unhealthy":
                raise self.failed(one)

    def _late(self, found: dict[str, Container]) -> ServiceFailed:
        # What is started but not up tells more than what waits for it.
        late = sorted(
            (name for name in self._services if not self._is_up(found.get(name))),
            key=lambda name: found[name].state == "created" if name in found else True,
        )[0]
        if late not in found:
            return ServiceFailed(late, "was not started in time", [], LONGER)
        one = found[late]
        return self.failed(one, "was not done in time" if one.is_oneshot else "was not healthy in time", LONGER)

    def failed(self, one: Container, reason: str = "", hint: str = MEND) -> ServiceFailed:
        """What to say of a service that failed."""
        reason = reason or containers.ending(self._client, one)
        try:
            log = [
                line
                for _, _, line in containers.lines(
                    self._client, one.service, one.id, follow=False, since=None, tail=LOG_LINES
                )
            ]
        except EngineError:
            log = []  # it is gone, or its log can't be read
        self._report.stage(one.service, "failed", reason)
        return ServiceFailed(one.service, reason, log, hint)


def end(process: subprocess.Popen[str]) -> None:
    """End Compose, where it runs: nothing it does may come after what its caller does next."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
