"""Serve MLflow: `python -m obsiverse_mlflow`."""

from __future__ import annotations

import os
import sys

import uvicorn

from obsiverse_mlflow.settings import Settings

# MLflow imports these wherever they are installed, and no route of its server uses them: 45 MB and most of a second.
# A module that is None in sys.modules counts as not installed, which MLflow is made for: its skinny package lacks them.
UNUSED = ("matplotlib", "pyarrow", "scipy", "sklearn", "skops")


def main() -> None:
    """Prepare the database, then serve MLflow's ASGI app in this process until SIGTERM."""
    settings = Settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    environment = settings.environment()
    os.environ.update(environment)
    sys.modules.update(dict.fromkeys(UNUSED))  # pyright: ignore[reportArgumentType, reportCallIssue]

    # MLflow reads these variables while it is imported.
    from obsiverse_mlflow import database

    database.prepare(settings.database, environment["_MLFLOW_SERVER_ARTIFACT_ROOT"])
    host, port = settings.address
    uvicorn.run(
        "mlflow.server.fastapi_app:app",
        host=host,
        port=port,
        ws="none",
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
