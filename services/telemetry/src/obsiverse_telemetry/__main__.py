"""Serve: `python -m obsiverse_telemetry`."""

from __future__ import annotations

import uvicorn

from obsiverse_telemetry import Settings, create_app


def main() -> None:
    """Serve until SIGTERM."""
    host, port = Settings().address
    # asyncio and h11 suffice for what is here, and take the least memory.
    uvicorn.run(create_app(), host=host, port=port, loop="asyncio", http="h11", ws="none", access_log=False)


if __name__ == "__main__":
    main()
