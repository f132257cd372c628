"""`serve`: answer /ping at once, load the model in its own thread, then serve until SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import uvicorn

from obsiverse_model import hardware, log
from obsiverse_model.serving import handlers
from obsiverse_model.serving.app import ModelServer
from obsiverse_model.serving.multi_model import MultiModelServer
from obsiverse_model.serving.telemetry import Telemetry
from obsiverse_model.settings import Settings

# SageMaker kills a container 30 s after SIGTERM; what is under way has to be answered before.
DRAIN_SECONDS = 25
# Clients keep their connections this long, as they may with AWS; a shorter time would close them under a slow caller.
KEEPALIVE_SECONDS = 65
# Python lets a busy thread keep the interpreter for 5 ms: as long as the server's would wait for the model's each time.
SWITCH_SECONDS = 0.0005


def serve() -> int:
    """Serve the model in the base folder; 0 after SIGTERM, 1 where the model can't be loaded."""
    log.configure()
    # uvicorn raises the signal again once it has drained; without a handler that would end the process on the spot.
    signal.signal(signal.SIGTERM, _exit)
    sys.setswitchinterval(SWITCH_SECONDS)
    settings = Settings()  # pyright: ignore[reportCallIssue] - every field has a default
    os.environ.setdefault("SM_NUM_GPUS", str(hardware.num_gpus()))
    os.environ.setdefault("SM_NUM_CPUS", str(hardware.num_cpus()))
    telemetry = Telemetry()
    worker = ThreadPoolExecutor(1, "model")
    failures: list[Exception] = []

    def failed(error: Exception) -> None:
        failures.append(error)
        server.should_exit = True

    def server_of(chosen: Settings) -> ModelServer:
        return ModelServer(chosen, lambda: handlers.load(chosen), worker, telemetry, failed)

    def server_in(folder: Path) -> ModelServer:
        return server_of(settings.model_copy(update={"base": folder.parent}))

    many = MultiModelServer(server_in, settings.place) if settings.multi_model else None
    config = uvicorn.Config(
        many.app() if many else server_of(settings).app(),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEPALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = uvicorn.Server(config)
    try:
        server.run()
    finally:
        telemetry.shutdown()
        worker.shutdown(cancel_futures=True)
    return 1 if failures else 0


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
