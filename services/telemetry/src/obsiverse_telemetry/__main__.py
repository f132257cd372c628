"""Serve: `python -m obsiverse_telemetry`."""

from __future__ import annotations

import uvicorn
from obsiverse_dataplane import log

from obsiverse_telemetry import Settings, create_app


def main() -> None:
    """Serve until SIGTERM."""
    log.configure()
    settings = Settings()
    host, port = settings.address
    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )


if __name__ == "__main__":
    main()
