"""The database of CloudWatch's metrics, which LocalStack keeps on disk itself."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from localstack import config

LOG = logging.getLogger(__name__)

TABLES = ("SINGLE_METRICS", "AGGREGATED_METRICS")


def metrics_file() -> Path:
    """Where it is."""
    return Path(config.dirs.data) / "cloudwatch" / "metrics.db"


def discard_unfinished() -> None:
    """Remove a database that an earlier edge was killed in making, or that is none: LocalStack would never repair it."""
    file = metrics_file()
    if file.exists() and not _has_tables(file):
        LOG.error("CloudWatch's metrics are lost: %s is not their database", file)
        file.unlink()


def forget(account: str) -> None:
    """Delete an account's metrics.

    Raises sqlite3.Error.
    """
    if metrics_file().exists():
        with closing(sqlite3.connect(metrics_file(), timeout=10)) as database, database:
            for table in TABLES:
                database.execute(f"DELETE FROM {table} WHERE account_id = ?", (account,))  # noqa: S608 - TABLES


def _has_tables(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(file)) as database:
            found = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError:
        return False
    return found.issuperset(TABLES)
