"""The API's routes. They parse and delegate; docs/design.md describes them."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import IO, Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import obsiverse
from obsiverse.agent import archive, log_stream
from obsiverse.agent.agent import Agent
from obsiverse.agent.errors import AgentFault, InvalidSpec, naming_full_disk

BODY_BYTES = 4 * 1024 * 1024
CHUNK = 256 * 1024
WAIT_SECONDS = 60.0
KIND_LABEL = "obsiverse.kind"
NDJSON = "application/x-ndjson"


class Api:
    """The routes over one agent."""

    def __init__(self, agent: Agent, leave: Callable[[], None]) -> None:
        """
        Args:
            leave: ends the agent's process; called once `/shutdown` has been answered.
        """
        self._agent = agent
        self._leave = leave

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/health", self.health),
            Route("/templates", self.templates),
            Route("/templates/{name}", self.put_template, methods=["PUT"]),
            Route("/tasks", self.tasks),
            Route("/tasks/{id}", self.task, methods=["GET"]),
            Route("/tasks/{id}", self.put_task, methods=["PUT"]),
            Route("/tasks/{id}", self.delete, methods=["DELETE"]),
            Route("/tasks/{id}/start", self.start, methods=["POST"]),
            Route("/tasks/{id}/restart", self.restart, methods=["POST"]),
            Route("/tasks/{id}/stop", self.stop, methods=["POST"]),
            Route("/tasks/{id}/signal", self.signal, methods=["POST"]),
            Route("/tasks/{id}/wait", self.wait, methods=["POST"]),
            Route("/tasks/{id}/archive", self.get_archive, methods=["GET"]),
            Route("/tasks/{id}/archive", self.put_archive, methods=["PUT"]),
            Route("/tasks/{id}/logs", self.logs),
            Route("/tasks/{id}/stats", self.task_stats),
            Route("/services", self.services),
            Route("/services/{id}/logs", self.service_logs),
            Route("/stats", self.stats),
            Route("/events", self.events),
            Route("/shutdown", self.shutdown, methods=["POST"]),
        ]
        handlers: Any = {AgentFault: _fault, HTTPException: _http_error, Exception: _bug}
        return Starlette(routes=routes, exception_handlers=handlers)

    async def health(self, _: Request) -> Response:
        """The agent itself."""
        return JSONResponse(
            {
                "version": obsiverse.__version__,
                "pid": os.getpid(),
                "started_at": self._agent.started_at,
                "tasks": len(self._agent.tasks({})),
            }
        )

    async def templates(self, _: Request) -> Response:
        """All templates by name."""
        return JSONResponse(
            {name: spec.model_dump(mode="json") for name, spec in (await self._agent.templates()).items()}
        )

    async def put_template(self, request: Request) -> Response:
        """Keep a template."""
        spec = await self._agent.put_template(request.path_params["name"], await _json(request))
        return JSONResponse(spec.model_dump(mode="json"))

    async def tasks(self, request: Request) -> Response:
        """All tasks with the labels asked for."""
        labels: dict[str, str] = {}
        for label in request.query_params.getlist("label"):
            key, equals, value = label.partition("=")
            if not equals:
                raise InvalidSpec(f"label {label!r} must be KEY=VALUE")
            labels[key] = value
        return JSONResponse([task.status() for task in self._agent.tasks(labels)])

    async def task(self, request: Request) -> Response:
        """One task."""
        return JSONResponse(self._agent.task(_id(request)).status())

    async def put_task(self, request: Request) -> Response:
        """Start a task, change it, or leave it as it is."""
        created, task = await self._agent.put(_id(request), await _json(request))
        return JSONResponse(task.status(), 201 if created else 200)

    async def delete(self, request: Request) -> Response:
        """Stop and forget a task."""
        await self._agent.delete(_id(request))
        return JSONResponse({})

    async def start(self, request: Request) -> Response:
        """Start a task that ended."""
        return JSONResponse((await self._agent.start(_id(request))).status())

    async def restart(self, request: Request) -> Response:
        """Stop and start a task."""
        return JSONResponse((await self._agent.restart(_id(request))).status())

    async def stop(self, request: Request) -> Response:
        """Stop a task."""
        body = await _object(request)
        grace = _number(body, "grace")
        return JSONResponse((await self._agent.stop(_id(request), grace)).status())

    async def signal(self, request: Request) -> Response:
        """Signal a task's program."""
        name = (await _object(request)).get("signal")
        if not isinstance(name, str) or name not in signal.Signals.__members__:
            raise InvalidSpec(f"{name!r} is not a signal's name, such as SIGHUP")
        task = self._agent.task(_id(request))
        await task.signal(name)
        return JSONResponse(task.status())

    async def wait(self, request: Request) -> Response:
        """Wait for a task's state or health."""
        body = await _object(request)
        awaited = body.get("for", "healthy")
        if awaited not in ("healthy", "exited", "running"):
            raise InvalidSpec(f"for: {awaited!r} is none of healthy, exited, running")
        seconds = _number(body, "timeout")
        task = await self._agent.wait(_id(request), awaited, WAIT_SECONDS if seconds is None else seconds)
        return JSONResponse(task.status())

    async def put_archive(self, request: Request) -> Response:
        """Unpack a tar into a task's folder."""
        folder, path = self._agent.folder_for_archive(_id(request)), _path(request)
        with naming_full_disk("the archive"), self._temporary() as file:
            async for chunk in request.stream():
                file.write(chunk)
            file.seek(0)
            await anyio.to_thread.run_sync(archive.unpack, folder.root, path, file)
            await self._agent.runtime.put_files(_id(request), folder, path)
        return JSONResponse({})

    async def get_archive(self, request: Request) -> Response:
        """A tar of a path of a task."""
        folder, path = self._agent.folder_for_archive(_id(request)), _path(request)
        file = self._temporary()
        try:
            await self._agent.runtime.get_files(_id(request), folder, path)
            await anyio.to_thread.run_sync(archive.pack, folder.root, path, file)
        except BaseException:
            file.close()
            raise
        size = file.tell()
        file.seek(0)
        return StreamingResponse(_content(file), media_type="application/x-tar", headers={"content-length": str(size)})

    def _temporary(self) -> IO[bytes]:
        return tempfile.TemporaryFile(dir=self._agent.store.temporary)

    async def logs(self, request: Request) -> Response:
        """A task's log."""
        task = self._agent.task(_id(request))
        task.log.sample(time.time())
        lines = log_stream.stream(
            task.log,
            tail=_query(request, "tail", int),
            since=_query(request, "since", float),
            follow=_query(request, "follow", int) == 1,
            ended=lambda: task.ended,
            changed=task.next_change,
        )
        return StreamingResponse(lines, media_type=NDJSON)

    async def services(self, _: Request) -> Response:
        """Names of Compose's services."""
        services = self._agent.runtime.services
        if services is not None:
            return JSONResponse(await anyio.to_thread.run_sync(services.names))
        return JSONResponse([task.task for task in self._agent.tasks({KIND_LABEL: "service"})])

    async def service_logs(self, request: Request) -> Response:
        """A service's log."""
        services = self._agent.runtime.services
        if services is None:
            return await self.logs(request)
        since, follow = _query(request, "since", float), _query(request, "follow", int) == 1
        return StreamingResponse(await services.log(_id(request), since, follow=follow), media_type=NDJSON)

    async def task_stats(self, request: Request) -> Response:
        """What one task takes."""
        task = self._agent.task(_id(request)).task
        usage = (await self._agent.stats()).get(task)
        return JSONResponse(asdict(usage) if usage else {"cpu_percent": 0.0, "rss_bytes": 0, "processes": 0})

    async def stats(self, _: Request) -> Response:
        """What all running tasks take."""
        return JSONResponse({task: asdict(usage) for task, usage in (await self._agent.stats()).items()})

    async def events(self, request: Request) -> Response:
        """What happened."""
        stream = self._agent.events.read(
            since=_query(request, "since", float),
            follow=_query(request, "follow", int) == 1,
            task=request.query_params.get("task"),
        )
        return StreamingResponse(stream, media_type=NDJSON)

    async def shutdown(self, request: Request) -> Response:
        """Stop all tasks, unless told not to, and then the agent."""
        if (await _object(request)).get("stop_tasks", True):
            await self._agent.stop_all()
        return JSONResponse({}, background=BackgroundTask(self._leave_soon))

    async def _leave_soon(self) -> None:
        self._leave()


def _id(request: Request) -> str:
    return request.path_params["id"]


def _path(request: Request) -> str:
    path = request.query_params.get("path")
    if path is None:
        raise InvalidSpec("the query must name a path")
    return path


def _query[T](request: Request, name: str, kind: Callable[[str], T]) -> T | None:
    value = request.query_params.get(name)
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        raise InvalidSpec(f"{name}: {value!r} is not a number") from None


async def _json(request: Request) -> Any:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise InvalidSpec(f"the body is longer than {BODY_BYTES} bytes")
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise InvalidSpec(f"the body is not JSON: {error}") from error


async def _object(request: Request) -> dict[str, Any]:
    value = await _json(request)
    if not isinstance(value, dict):
        raise InvalidSpec("the body must be a JSON object")
    return value  # pyright: ignore[reportUnknownVariableType]


def _number(body: dict[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise InvalidSpec(f"{name}: {value!r} is not a number of seconds")
    return float(value)


async def _content(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def _fault(_: Request, fault: AgentFault) -> Response:
    return _error(fault.status, fault.code, str(fault))


def _http_error(_: Request, error: HTTPException) -> Response:
    return _error(error.status_code, "not_found" if error.status_code == 404 else "invalid_spec", error.detail)


def _bug(request: Request, error: Exception) -> Response:
    return _error(500, "internal", f"{type(error).__name__}: {error}. The agent's log says more.")
