"""One run of a task as a container: its end, its output, its signals."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from obsiverse.agent.docker_api import Docker, EngineUnavailable, Missing, Refused
from obsiverse.agent.runtime import Exit
from obsiverse.agent.store import TaskFolder

log = logging.getLogger(__name__)
ENGINE_RETRY = 0.5
END_RETRY = 0.02
END_SECONDS = 1.0


class ContainerRun:
    """A run in a container, started by this agent or by one before it.

    A thread of its own copies what the container prints, and so learns that it has ended: the engine then ends the stream.
    """

    def __init__(self, docker: Docker, folder: TaskFolder, inspected: Mapping[str, Any]) -> None:
        """
        Args:
            inspected: the container, as the engine's API has it.
        """
        self._docker = docker
        self._container: str = inspected["Id"]
        self._pid: int | None = inspected["State"]["Pid"] or None
        self._output = _Output(docker, self._container, folder)
        self.started_at = unix_seconds(inspected["State"]["StartedAt"])
        self.host = _address(inspected)
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[Exit] = self._loop.create_future()
        threading.Thread(target=self._watch, daemon=True, name=f"container {self._container[:12]}").start()

    @property
    def pid(self) -> int | None:
        """The program's process id on the engine's machine."""
        return self._pid

    @property
    def container(self) -> str:
        """The container's id."""
        return self._container

    def record(self) -> dict[str, Any]:
        """What finds it again."""
        return {"container": self._container}

    async def wait(self) -> Exit:
        """How it ended."""
        return await asyncio.shield(self._end)

    async def signal(self, name: str) -> None:
        """Send a signal to the program; nothing where it has ended."""
        await asyncio.to_thread(self._docker.kill, self._container, name)

    async def stop(self, signal: str, grace: float) -> Exit:
        """Send `signal`, and kill it after `grace` seconds."""
        if not self._end.done():
            await self.signal(signal)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(self._end), grace)
            await self.signal("SIGKILL")
        return await self.wait()

    async def check(self, command: Sequence[str], seconds: float) -> int:
        """Run a health check's command in the container.

        Raises:
            TimeoutError: it took longer than `seconds`; it is left to the container.
            OSError: it can't be run.
        """
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._docker.run_in, self._container, command), seconds)
        except (Refused, EngineUnavailable) as error:
            raise OSError(str(error)) from error

    def _watch(self) -> None:
        end = self._follow()
        with contextlib.suppress(RuntimeError):  # the agent has ended meanwhile
            self._loop.call_soon_threadsafe(self._settle, end)

    def _settle(self, end: Exit) -> None:
        if not self._end.done():
            self._end.set_result(end)

    def _follow(self) -> Exit:
        while True:
            try:
                self._output.copy(follow=True)
                state = self._ended_state()
                if state is not None:
                    self._output.copy(follow=False)
                    return exit_of(state)
            except Missing:
                return Exit(None, lost=True)
            except EngineUnavailable:
                time.sleep(ENGINE_RETRY)

    def _ended_state(self) -> dict[str, Any] | None:
        """The state it ended in; None where it still runs after a second, and only its output's stream has ended."""
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            state = self._docker.inspect(self._container)["State"]
            if state["Status"] in ("exited", "dead"):
                return state
            time.sleep(END_RETRY)
        return None


class _Output:
    """Copies what a container prints to the task's log, each piece once.

    How far it came is in a file beside the log, so that the next agent goes on from there.
    """

    def __init__(self, docker: Docker, container: str, folder: TaskFolder) -> None:
        self._docker = docker
        self._container = container
        self._log = folder.log
        self._mark = folder.path / "log.copied"
        self._readable = True
        self._failing = False

    def copy(self, *, follow: bool) -> None:
        """Copy what is new; with `follow` until the stream ends. Raises Missing, EngineUnavailable."""
        if not self._readable:
            return
        last = self._copied()
        since = unix_seconds(last.decode()) if last else None
        try:
            for piece in self._docker.logs(self._container, since, follow=follow):
                stamp, _, text = piece.partition(b" ")
                if stamp > last:
                    last = stamp
                    self._write(text, stamp)
        except Missing:
            raise
        except Refused as error:
            # A logging driver that can't be read, chosen in an override file.
            log.warning("what container %s prints can't be read: %s", self._container[:12], error)
            self._readable = False

    def _copied(self) -> bytes:
        with contextlib.suppress(OSError):
            return self._mark.read_bytes().strip()
        return b""

    def _write(self, text: bytes, stamp: bytes) -> None:
        try:
            with self._log.open("ab", buffering=0) as file:
                file.write(text)
            # Stamps have one length, so this replaces the one before.
            descriptor = os.open(self._mark, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, stamp + b"\n")
            finally:
                os.close(descriptor)
            self._failing = False
        except OSError as error:
            # A full disk, or a folder that was just deleted; it must not end the watch over the container.
            if not self._failing:
                log.warning("%s can't be written: %s", self._log, error)
            self._failing = True


def exit_of(state: Mapping[str, Any]) -> Exit:
    """How a container ended, by the state that the engine's API gives."""
    code = int(state["ExitCode"])
    name = None
    if code > 128:
        with contextlib.suppress(ValueError):
            name = signal.Signals(code - 128).name
    return Exit(code, name, oom_killed=bool(state.get("OOMKilled")))


def unix_seconds(stamp: str) -> float:
    """A time of the engine's API, such as 2026-01-31T12:00:00.123456789Z."""
    return datetime.datetime.fromisoformat(f"{stamp[:19]}+00:00").timestamp()


def _address(inspected: Mapping[str, Any]) -> str:
    networks: Mapping[str, Any] = inspected["NetworkSettings"]["Networks"]
    return next((network["IPAddress"] for network in networks.values() if network.get("IPAddress")), "127.0.0.1")
