"""SageMaker's contract for a container that holds many models.

https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from obsiverse_model.serving.app import ModelServer, metrics
from obsiverse_model.serving.memory import available_bytes

LOADED, NOT_FOUND, NO_MEMORY = 409, 404, 507
_log = structlog.stdlib.get_logger()
MakeServer = Callable[[Path], ModelServer]


class MultiModelServer:
    """Routes over models that are loaded and unloaded by name.

    Args:
        make: a server of the model in a folder, not loaded yet.
        place: where a path inside the container really is.
    """

    def __init__(self, make: MakeServer, place: Callable[[str], Path]) -> None:
        self._make = make
        self._place = place
        self._models: dict[str, tuple[str, ModelServer, contextlib.AsyncExitStack]] = {}
        self._changing = asyncio.Lock()

    def app(self) -> Starlette:
        """The ASGI app."""
        return Starlette(
            routes=[
                Route("/ping", self.ping),
                Route("/models", self.load, methods=["POST"]),
                Route("/models", self.list),
                Route("/models/{name}", self.describe),
                Route("/models/{name}", self.unload, methods=["DELETE"]),
                Route("/models/{name}/invoke", self.invoke, methods=["POST"]),
                Route("/metrics", metrics),
            ],
            lifespan=self._lifespan,
        )

    async def ping(self, _request: Request) -> Response:
        """200: a container without models is healthy."""
        return Response()

    async def load(self, request: Request) -> Response:
        """Load a model: 409 where it is loaded, 507 where its files are larger than the memory that is left."""
        asked = await request.json()
        name, url = asked["model_name"], asked["url"]
        async with self._changing:
            if name in self._models:
                return _error(LOADED, f"model {name} is loaded already")
            folder = self._place(url)
            if not folder.is_dir():
                return _error(NOT_FOUND, f"there is no folder {url}")
            size = await asyncio.to_thread(_size, folder)
            if size > available_bytes():
                return _error(NO_MEMORY, f"model {name} takes {size} bytes, and {available_bytes()} are left")
            stack = contextlib.AsyncExitStack()
            server = self._make(folder)
            try:
                await stack.enter_async_context(server.serving())
            except MemoryError as error:
                return _error(NO_MEMORY, f"model {name} can't be loaded: {error or 'no memory left'}")
            except Exception as error:  # noqa: BLE001 - user code raises what it likes
                _log.error("the model can't be loaded", model=name, exc_info=error)
                return _error(500, f"model {name} can't be loaded: {type(error).__name__}: {error}")
            self._models[name] = url, server, stack
        return JSONResponse({"status": f"model {name} is loaded"})

    async def list(self, _request: Request) -> Response:
        """The models that are loaded."""
        return JSONResponse({"models": [_described(name, url) for name, (url, _, _) in self._models.items()]})

    async def describe(self, request: Request) -> Response:
        """One model, or 404."""
        name = request.path_params["name"]
        found = self._models.get(name)
        return JSONResponse(_described(name, found[0])) if found else _missing(name)

    async def unload(self, request: Request) -> Response:
        """Unload a model, once it has answered what it was asked."""
        name = request.path_params["name"]
        async with self._changing:
            found = self._models.pop(name, None)
            if found is None:
                return _missing(name)
            await found[2].aclose()
        return JSONResponse({"status": f"model {name} is unloaded"})

    async def invoke(self, request: Request) -> Response:
        """A model's answer, or 404 where it is not loaded."""
        name = request.path_params["name"]
        found = self._models.get(name)
        return await found[1].invocations(request) if found else _missing(name)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncGenerator[None, None]:
        yield
        for _, _, stack in self._models.values():
            await stack.aclose()


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _described(name: str, url: str) -> dict[str, str]:
    return {"modelName": name, "modelUrl": url}


def _missing(name: str) -> Response:
    return _error(NOT_FOUND, f"model {name} is not loaded")


def _error(status: int, message: str) -> Response:
    return JSONResponse({"code": status, "message": message}, status)
