"""CloudWatch's metrics in LocalStack's own SQLite file and tables, in fewer transactions and with the index that queries need."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase

from obsiverse_aws.cloudwatch.statistics import Bucket, Weighted

NO_UNIT = "None"
KEY = "account_id, region, namespace, metric_name, dimensions"
COLUMNS = f"{KEY}, timestamp"
# METRICS has each metric once, since to find them among the data takes seconds when there are a million.
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS METRICS (
    account_id TEXT, region TEXT, namespace TEXT, metric_name TEXT, dimensions TEXT NOT NULL, PRIMARY KEY ({KEY})
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS single_metrics_by_time ON SINGLE_METRICS ({COLUMNS});
CREATE INDEX IF NOT EXISTS aggregated_metrics_by_time ON AGGREGATED_METRICS ({COLUMNS});
"""
# Numbers may be stored as integers, whose sums can overflow.
VIEW = f"""
CREATE TEMP VIEW datum AS
SELECT {COLUMNS}, unit, 1.0 * count AS sample_count, 1.0 * value * count AS sum, 1.0 * value AS minimum, 1.0 * value AS maximum
FROM SINGLE_METRICS
UNION ALL SELECT {COLUMNS}, unit, 1.0 * sample_count, 1.0 * sum, 1.0 * min, 1.0 * max FROM AGGREGATED_METRICS
"""  # noqa: S608 - constants
TABLES = ("SINGLE_METRICS", "AGGREGATED_METRICS")
KNOW_ALL = "".join(
    f"""
    INSERT OR IGNORE INTO METRICS
    SELECT DISTINCT account_id, region, namespace, metric_name, coalesce(dimensions, '') FROM {table};
    """  # noqa: S608 - constants
    for table in TABLES
)
HAS_DATA = " OR ".join(
    f"""EXISTS (
        SELECT 1 FROM {table} AS one
        WHERE one.account_id = METRICS.account_id AND one.region = METRICS.region AND one.namespace = METRICS.namespace
        AND one.metric_name = METRICS.metric_name AND one.dimensions IS nullif(METRICS.dimensions, '')
    )"""  # noqa: S608 - constants
    for table in TABLES
)
OF_METRIC = """
account_id = ? AND region = ? AND namespace = ? AND metric_name = ? AND dimensions IS ? AND timestamp >= ? AND timestamp < ?
"""

Dimensions = Iterable[Mapping[str, Any]]


class Metric(NamedTuple):
    """What identifies a metric; all its dimensions do.

    Attributes:
        dimensions: see `pack`.
    """

    account: str
    region: str
    namespace: str
    name: str
    dimensions: str | None = None


def pack(dimensions: Dimensions | None) -> str | None:
    """Dimensions, in whatever order, as they stand in LocalStack's tables: by name; a tab, which none contains, ends each."""
    pairs = sorted((one["Name"], one.get("Value", "")) for one in dimensions or [])
    return "".join(f"{name}={value}\t" for name, value in pairs) or None


def unpack(dimensions: str) -> dict[str, str]:
    """Dimensions out of LocalStack's tables."""
    return dict(one.split("=", 1) for one in dimensions.split("\t") if one)


class MetricStore(CloudwatchDatabase):
    """A database file; shared by threads, which take turns."""

    def __init__(self, file: Path) -> None:
        self.CLOUDWATCH_DATA_ROOT = str(file.parent)
        self.METRICS_DB = str(file)
        self.METRICS_DB_READ_ONLY = f"{file.as_uri()}?mode=ro"
        super().__init__()
        self._database = sqlite3.connect(file, check_same_thread=False, autocommit=True)
        self._database.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing so; only a crash of the machine may take the last moments.
        self._database.execute("PRAGMA synchronous = NORMAL")
        if "count" not in (row[1] for row in self._database.execute("PRAGMA table_info(SINGLE_METRICS)")):
            self._database.execute("ALTER TABLE SINGLE_METRICS ADD COLUMN count NUMERIC NOT NULL DEFAULT 1")
        is_new = not self._database.execute("SELECT 1 FROM sqlite_master WHERE name = 'METRICS'").fetchone()
        self._database.executescript(SCHEMA + (KNOW_ALL if is_new else ""))
        self._database.execute(VIEW)

    def close(self) -> None:
        """Close the file."""
        with self.DATABASE_LOCK:
            self._database.close()

    def add_metric_data(self, account_id: str, region: str, namespace: str, metric_data: list[Any]) -> None:
        """Keep the data of a PutMetricData request in one transaction."""
        now = int(time.time())
        values: list[tuple[Any, ...]] = []
        sets: list[tuple[Any, ...]] = []
        for datum in metric_data:
            at = datum.get("Timestamp")
            key = account_id, region, namespace, datum["MetricName"], pack(datum.get("Dimensions"))
            of = *key, int(at.timestamp()) if at else now, datum.get("Unit") or NO_UNIT, datum.get("StorageResolution")
            values += [(*of, value, count) for value, count in _weighted(datum) if count > 0]
            if known := datum.get("StatisticValues"):
                sets.append((*of, known["SampleCount"], known["Sum"], known["Minimum"], known["Maximum"]))
        with self.DATABASE_LOCK, closing(self._database.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                known = {(*row[:4], row[4] or "") for row in (*values, *sets)}
                cursor.executemany("INSERT OR IGNORE INTO METRICS VALUES (?, ?, ?, ?, ?)", known)
                for table, columns, rows in (
                    ("SINGLE_METRICS", "value, count", values),
                    ("AGGREGATED_METRICS", "sample_count, sum, min, max", sets),
                ):
                    names = f"{COLUMNS}, unit, storage_resolution, {columns}"
                    marks = ", ".join("?" for _ in names.split(","))
                    cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608 - constants
                cursor.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    cursor.execute("ROLLBACK")

    def buckets(
        self, metric: Metric, grid: range, unit: str | None = None, *, values: bool = False
    ) -> dict[int, Bucket]:
        """The periods of a metric that hold anything, by the second at which they start, in order.

        Args:
            grid: the starts of the periods; its step is the period in seconds, and data from its stop on don't count.
            unit: only data of this unit; of any where None.
            values: whether the buckets need their values.
        """
        start, period = grid.start, grid.step
        where, span = _where(metric, grid, unit)
        nth = "(timestamp - ?) / ? AS nth"
        if not values:
            sums = "SUM(sample_count), SUM(sum), MIN(minimum), MAX(maximum)"
            query = f"SELECT {nth}, {sums} FROM datum WHERE {where} GROUP BY nth ORDER BY nth"  # noqa: S608
            return {start + nth * period: Bucket(*sums) for nth, *sums in self._all(query, (start, period, *span))}
        columns = "sample_count, sum, minimum, maximum"
        query = f"SELECT {nth}, {columns} FROM datum WHERE {where} ORDER BY nth, minimum"  # noqa: S608
        rows = self._all(query, (start, period, *span))
        return {start + nth * period: _bucket(list(group)) for nth, group in groupby(rows, lambda row: row[0])}

    def units(self, metric: Metric, grid: range) -> list[str]:
        """The units of a metric's data."""
        where, span = _where(metric, grid, None)
        query = f"SELECT DISTINCT coalesce(unit, '{NO_UNIT}') AS one FROM datum WHERE {where} ORDER BY one"  # noqa: S608
        return [unit for (unit,) in self._all(query, span)]

    def list_metrics(
        self, account_id: str, region: str, namespace: str | None, metric_name: str | None, dimensions: Dimensions
    ) -> dict[str, list[dict[str, Any]]]:
        """The metrics that match; a dimension without a value matches any value."""
        filters = {"namespace": namespace, "metric_name": metric_name}
        given = {column: value for column, value in filters.items() if value}
        where = " AND ".join(["account_id = ?", "region = ?", *(f"{column} = ?" for column in given)])
        # The data of an account may have been deleted.
        query = f"SELECT namespace, metric_name, dimensions FROM METRICS WHERE {where} AND ({HAS_DATA})"  # noqa: S608
        found: list[dict[str, Any]] = []
        for of_namespace, name, packed in self._all(query, (account_id, region, *given.values())):
            has = unpack(packed)
            if all(one["Name"] in has and one.get("Value", has[one["Name"]]) == has[one["Name"]] for one in dimensions):
                pairs = [{"Name": key, "Value": value} for key, value in has.items()]
                found.append({"namespace": of_namespace, "metric_name": name, "dimensions": pairs})
        return {"metrics": found}

    def _all(self, query: str, parameters: tuple[Any, ...]) -> list[Any]:
        with self.DATABASE_LOCK:
            return self._database.execute(query, parameters).fetchall()


def _where(metric: Metric, grid: range, unit: str | None) -> tuple[str, tuple[Any, ...]]:
    span = (*metric, grid.start, grid.stop)
    if not unit:
        return OF_METRIC, span
    return f"{OF_METRIC} AND coalesce(unit, '{NO_UNIT}') = ?", (*span, unit)


def _weighted(datum: Mapping[str, Any]) -> list[Weighted]:
    if (value := datum.get("Value")) is not None:
        return [Weighted(value, 1)]
    values = datum.get("Values") or []
    return [Weighted(*pair) for pair in zip(values, datum.get("Counts") or [1] * len(values), strict=True)]


def _bucket(rows: list[tuple[int, float, float, float, float]]) -> Bucket:
    _, counts, sums, minimums, maximums = zip(*rows, strict=True)
    # A set's values are known where they are all the same.
    known = minimums == maximums
    values = [Weighted(value, count) for value, count in zip(minimums, counts, strict=True)] if known else None
    return Bucket(sum(counts), sum(sums), min(minimums), max(maximums), values)
