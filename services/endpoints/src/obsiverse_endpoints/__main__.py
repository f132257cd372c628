"""Serve the data plane: `python -m obsiverse_endpoints`."""

from __future__ import annotations

import uvicorn
from obsiverse_dataplane import log

from obsiverse_endpoints import Settings, create_app

# Clients keep their connections this long, as they may with AWS; a shorter time would close them under a slow caller.
KEEPALIVE_SECONDS = 65


def main() -> None:
    """Serve until SIGTERM; requests that are under way are answered first."""
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
        timeout_keep_alive=KEEPALIVE_SECONDS,
    )


if __name__ == "__main__":
    main()
