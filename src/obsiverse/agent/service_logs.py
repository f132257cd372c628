"""What Compose's own services print, where they are containers that this agent did not start."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import logging
import threading
from collections.abc import AsyncIterator

from obsiverse.agent.container_template import TEMPLATE_LABEL
from obsiverse.agent.docker_api import Docker
from obsiverse.agent.errors import AgentFault, NotFound

log = logging.getLogger(__name__)
SERVICE_LABEL = "com.docker.compose.service"
WAITING_PIECES = 1000


class ContainerServices:
    """The services of one Compose project."""

    def __init__(self, docker: Docker, project: str) -> None:
        self._docker = docker
        self._project = project

    def names(self) -> list[str]:
        """Services that have a container, templates of tasks apart. Raises EngineUnavailable."""
        listed = self._docker.labelled(com_docker_compose_project=self._project)
        return sorted({one["Labels"][SERVICE_LABEL] for one in listed if TEMPLATE_LABEL not in one["Labels"]})

    async def log(self, service: str, since: float | None, *, follow: bool) -> AsyncIterator[bytes]:
        """NDJSON of `t` (Unix seconds, when it was printed) and `line`, until the container ends.

        Raises:
            NotFound: there is no such service.
            EngineUnavailable: the engine does not answer.
        """
        container = await asyncio.to_thread(self._container, service)
        return self._lines(container, since, follow=follow)

    def _container(self, service: str) -> str:
        labels = {"com_docker_compose_project": self._project, "com_docker_compose_service": service}
        found = self._docker.labelled(**labels)
        if not found:
            raise NotFound(f"there is no service {service}")
        return found[0]["Id"]

    async def _lines(self, container: str, since: float | None, *, follow: bool) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        room = threading.Semaphore(WAITING_PIECES)
        left = threading.Event()

        def read() -> None:
            try:
                for piece in self._docker.logs(container, since, follow=follow):
                    room.acquire()
                    if left.is_set():
                        return
                    loop.call_soon_threadsafe(pieces.put_nowait, piece)
            except AgentFault as error:
                log.warning("the log of container %s ends: %s", container[:12], error)
            loop.call_soon_threadsafe(pieces.put_nowait, None)

        def begin() -> None:
            with contextlib.suppress(RuntimeError):  # the agent has ended meanwhile
                read()

        # The engine's stream blocks, so a thread reads it. Where nobody listens any more it ends at the next line.
        threading.Thread(target=begin, daemon=True, name=f"service {container[:12]}").start()
        try:
            while (piece := await pieces.get()) is not None:
                room.release()
                yield _encoded(piece)
        finally:
            left.set()
            room.release()


def _encoded(piece: bytes) -> bytes:
    stamp, _, text = piece.partition(b" ")
    at = datetime.datetime.fromisoformat(f"{stamp[:26].decode().rstrip('Z')}+00:00").timestamp()
    return json.dumps({"t": at, "line": text.rstrip(b"\r\n").decode(errors="replace")}).encode() + b"\n"
