"""Run Lookout: `python -m obsiverse_lookout`, configured by LOOKOUT_* variables."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
from typing import NoReturn

import structlog
import uvicorn
from pydantic import ValidationError

from obsiverse_lookout.app import create_app
from obsiverse_lookout.log import configure
from obsiverse_lookout.settings import Settings

log = structlog.get_logger("obsiverse_lookout")


def _stop(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def main() -> int:
    """Run until stopped; 1 where it can't start, with the reason in the log."""
    configure()
    # uvicorn shuts down on these, then raises them again for the handlers that were there before.
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        settings = Settings()
        app = create_app(settings)
    except ValidationError as error:
        for problem in error.errors():
            log.critical("bad setting", name=".".join(map(str, problem["loc"])), error=problem["msg"])
        return 1
    except (OSError, ValueError, sqlite3.Error) as error:
        log.critical("can't start", error=str(error))
        return 1
    log.info("listening", http=str(settings.listen), page=str(settings.page))
    uvicorn.run(
        app,
        host=settings.listen.host,
        port=settings.listen.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    return 0


def run() -> NoReturn:
    """Run until stopped, and end at once: a thread that waits for AWS would keep the process for as long as that takes."""
    try:
        status = main()
    except SystemExit as end:
        status = int(end.code or 0)
    logging.shutdown()
    os._exit(status)


if __name__ == "__main__":
    run()
