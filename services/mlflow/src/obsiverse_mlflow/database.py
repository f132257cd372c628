"""The database: made, or brought to this MLflow's schema, before anything is served from it."""

from __future__ import annotations

import logging

from mlflow.exceptions import MlflowException
from mlflow.server.handlers import initialize_backend_stores
from mlflow.store.db.utils import _upgrade_db, create_sqlalchemy_engine  # pyright: ignore[reportPrivateUsage]

_log = logging.getLogger(__name__)


def prepare(uri: str, artifact_root: str) -> None:
    """Create the tables where there are none, and migrate those of an older MLflow as `mlflow db upgrade` does."""
    try:
        initialize_backend_stores(uri, uri, artifact_root)
    except MlflowException as error:
        if "out-of-date database schema" not in str(error):
            raise
        _log.warning("migrating the database of an older MLflow")
        engine = create_sqlalchemy_engine(uri)
        _upgrade_db(engine)
        engine.dispose()
        initialize_backend_stores(uri, uri, artifact_root)
