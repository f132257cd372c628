"""The agent's HTTP API, as docs/design.md describes it."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import obsiverse
from obsiverse.agent import archive
from obsiverse.agent.errors import AgentFault, InvalidSpec, from_os_error
from obsiverse.agent.manager import Manager
from obsiverse.agent.spec import check_name
from obsiverse.agent.store import Store

NDJSON = "application/x-ndjson"


def make_app(manager: Manager, store: Store, end: Callable[[], None]) -> Starlette:
    """The application.

    Args:
        end: makes the server stop serving.
    """
    api = _Api(manager, store, end)
    routes = [
        Route("/health", api.health),
        Route("/templates", api.templates),
        Route("/templates/{name}", api.put_template, methods=["PUT"]),
        Route("/tasks", api.tasks),
        Route("/tasks/{name}", api.task),
        Route("/tasks/{name}", api.put_task, methods=["PUT"]),
        Route("/tasks/{name}", api.delete_task, methods=["DELETE"]),
        Route("/tasks/{name}/archive", api.get_archive),
        Route("/tasks/{name}/archive", api.put_archive, methods=["PUT"]),
        Route("/tasks/{name}/logs", api.logs),
        Route("/tasks/{name}/stats", api.task_stats),
        Route("/tasks/{name}/{verb:str}", api.verb, methods=["POST"]),
        Route("/stats", api.stats),
        Route("/events", api.events),
        Route("/shutdown", api.shutdown, methods=["POST"]),
    ]
    return Starlette(
        routes=routes,
        exception_handlers={AgentFault: _fault, OSError: _os_error},
    )


async def _fault(_: Request, error: Exception) -> Response:
    assert isinstance(error, AgentFault)
    return JSONResponse({"error": {"code": error.code, "message": str(error)}}, error.status)


async def _os_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    return await _fault(request, from_os_error(error))


async def _body(request: Request) -> Any:
    raw = await request.body()
    try:
        return json.loads(raw) if raw else {}
    except ValueError as error:
        raise InvalidSpec(f"the call's content is no JSON: {error}") from None


def _number(request: Request, name: str) -> float | None:
    text = request.query_params.get(name)
    try:
        return None if text is None else float(text)
    except ValueError:
        raise InvalidSpec(f"{name}: {text!r} is no number") from None


class _Api:
    def __init__(self, manager: Manager, store: Store, end: Callable[[], None]) -> None:
        self._manager = manager
        self._store = store
        self._end = end

    async def health(self, _: Request) -> Response:
        return JSONResponse(
            {
                "version": obsiverse.__version__,
                "pid": os.getpid(),
                "started_at": self._manager.started_at,
                "tasks": len(self._manager.tasks({})),
            }
        )

    async def templates(self, _: Request) -> Response:
        return JSONResponse(self._manager.templates())

    async def put_template(self, request: Request) -> Response:
        return JSONResponse(self._manager.put_template(request.path_params["name"], await _body(request)))

    async def tasks(self, request: Request) -> Response:
        labels: dict[str, str] = {}
        for text in request.query_params.getlist("label"):
            name, equals, value = text.partition("=")
            if not equals:
                raise InvalidSpec(f"label: {text!r} is not name=value")
            labels[name] = value
        return JSONResponse([task.status() for task in self._manager.tasks(labels)])

    async def task(self, request: Request) -> Response:
        return JSONResponse(self._manager.get(request.path_params["name"]).status())

    async def put_task(self, request: Request) -> Response:
        status, new = await self._manager.put(request.path_params["name"], await _body(request))
        return JSONResponse(status, 201 if new else 200)

    async def delete_task(self, request: Request) -> Response:
        await self._manager.delete(request.path_params["name"])
        return JSONResponse({})

    async def verb(self, request: Request) -> Response:
        task = self._manager.get(request.path_params["name"])
        body = await _body(request)
        verbs: dict[str, Callable[[], Awaitable[object]]] = {
            "start": task.start,
            "restart": task.restart,
            "stop": lambda: task.stop(body.get("grace")),
            "signal": lambda: task.signal(_signal(body)),
        }
        name = request.path_params["verb"]
        if name == "wait":
            return JSONResponse(
                await self._manager.wait(task.name, body.get("for", ""), float(body.get("timeout", 60)))
            )
        if name not in verbs:
            raise InvalidSpec(f"there is no verb {name}")
        await verbs[name]()
        return JSONResponse(task.status())

    async def put_archive(self, request: Request) -> Response:
        name = check_name(request.path_params["name"])
        root = self._store.make_task_folder(name) / "root"
        target = archive.place(root, request.query_params.get("path", ""))
        with tempfile.TemporaryFile(dir=self._store.folder) as spool:
            async for chunk in request.stream():
                await asyncio.to_thread(spool.write, chunk)
            spool.seek(0)
            await asyncio.to_thread(archive.unpack, spool, target)
        return JSONResponse({})

    async def get_archive(self, request: Request) -> Response:
        task = self._manager.get(request.path_params["name"])
        root = self._store.task_folder(task.name) / "root"
        spool = await asyncio.to_thread(archive.pack, archive.place(root, request.query_params.get("path", "")))

        async def chunks() -> AsyncIterator[bytes]:
            with spool:
                while chunk := await asyncio.to_thread(spool.read, 1 << 20):
                    yield chunk

        return StreamingResponse(chunks(), media_type="application/x-tar")

    async def logs(self, request: Request) -> Response:
        task = self._manager.get(request.path_params["name"])
        since, tail = _number(request, "since"), _number(request, "tail")
        count = None if tail is None else int(tail)

        async def follow() -> AsyncIterator[str]:
            async for at, line in task.log.follow(since, count, lambda: task.settled):
                yield json.dumps({"t": at, "line": line}) + "\n"

        def read() -> Iterable[str]:
            return (json.dumps({"t": at, "line": line}) + "\n" for at, line in task.log.lines(since, count))

        return StreamingResponse(follow() if request.query_params.get("follow") == "1" else read(), media_type=NDJSON)

    async def task_stats(self, request: Request) -> Response:
        return JSONResponse(self._manager.usage(self._manager.get(request.path_params["name"])))

    async def stats(self, _: Request) -> Response:
        return JSONResponse(self._manager.all_usage())

    async def events(self, request: Request) -> Response:
        since, task = _number(request, "since") or 0.0, request.query_params.get("task")
        if request.query_params.get("follow") != "1":
            return StreamingResponse(
                (json.dumps(e) + "\n" for e in self._manager.events.since(since, task)), media_type=NDJSON
            )

        async def follow() -> AsyncIterator[str]:
            async for event in self._manager.events.follow(since, task):
                yield json.dumps(event) + "\n"

        return StreamingResponse(follow(), media_type=NDJSON)

    async def shutdown(self, request: Request) -> Response:
        body = await _body(request)
        if body.get("stop_tasks", True):
            await self._manager.stop_all()
        self._end()
        return JSONResponse({})


def _signal(body: dict[str, Any]) -> str:
    import signal

    name = body.get("signal", "")
    if name not in signal.Signals.__members__:
        raise InvalidSpec(f"signal: {name!r} is no signal; write it as SIGHUP")
    return name
