"""Serve: `python -m obsiverse_traffic`."""

from __future__ import annotations

import uvicorn

from obsiverse_traffic import log
from obsiverse_traffic.app import create_app
from obsiverse_traffic.settings import AwsSettings, Settings


def main() -> None:
    """Serve and replay until SIGTERM."""
    log.configure()
    settings = Settings()
    host, port = settings.address
    # pydantic-settings fills the fields from the environment, which pyright can't see.
    app = create_app(settings, AwsSettings())  # pyright: ignore[reportCallIssue]
    uvicorn.run(app, host=host, port=port, loop="asyncio", http="h11", ws="none", log_config=None, access_log=False)


if __name__ == "__main__":
    main()
