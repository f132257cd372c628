"""LocalStack's file of metrics, as our store uses it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase
from obsiverse_aws.cloudwatch.statistics import Bucket
from obsiverse_aws.cloudwatch.store import Metric, MetricStore, pack

PLACE = "000000000000", "us-east-1"
START = 1_700_000_040
HOUR = range(START, START + 3600, 60)
DIMENSIONS = [{"Name": "b", "Value": "=2"}, {"Name": "a", "Value": "1"}]


def datum(value: float, **more: Any) -> dict[str, Any]:
    """A datum of the metric m."""
    return {"MetricName": "m", "Timestamp": datetime.fromtimestamp(START, UTC), "Value": value, **more}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the file is to be."""
    return tmp_path / "a folder" / "metrics.db"


def localstacks(file: Path, monkeypatch: pytest.MonkeyPatch) -> CloudwatchDatabase:
    """LocalStack's own store on the file."""
    monkeypatch.setattr(CloudwatchDatabase, "CLOUDWATCH_DATA_ROOT", str(file.parent))
    monkeypatch.setattr(CloudwatchDatabase, "METRICS_DB", str(file))
    monkeypatch.setattr(CloudwatchDatabase, "METRICS_DB_READ_ONLY", f"{file.as_uri()}?mode=ro")
    return CloudwatchDatabase()


def test_what_localstack_wrote_is_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = {"SampleCount": 2, "Sum": 7, "Minimum": 3, "Maximum": 4}
    data = [
        datum(1),
        datum(2, Unit="Count", Dimensions=list(DIMENSIONS)),
        {**datum(0), "Value": None, "StatisticValues": sets},
    ]
    localstacks(file, monkeypatch).add_metric_data(*PLACE, "test", data)
    store = MetricStore(file)
    assert store.buckets(Metric(*PLACE, "test", "m"), HOUR) == {START: Bucket(3, 8, 1, 4)}
    assert store.buckets(Metric(*PLACE, "test", "m", pack(DIMENSIONS)), HOUR, "Count") == {START: Bucket(1, 2, 2, 2)}
    assert store.units(Metric(*PLACE, "test", "m"), HOUR) == ["None"]
    listed = store.list_metrics(*PLACE, None, "m", [])["metrics"]
    assert [[one["Name"] for one in metric["dimensions"]] for metric in listed] == [[], ["a", "b"]]
    store.close()


def test_localstack_reads_what_is_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MetricStore(file)
    store.add_metric_data(*PLACE, "test", [datum(1, Dimensions=DIMENSIONS)])
    store.close()
    [found] = localstacks(file, monkeypatch).get_all_metric_data()
    assert (found["n"], found["v"], found["d"]) == ("m", 1, "a=1\tb==2\t")


def test_what_was_put_is_there_after_the_file_is_opened_again(file: Path) -> None:
    store = MetricStore(file)
    store.add_metric_data(*PLACE, "test", [datum(1), datum(2)])
    # Not closed, as one that is killed does not.
    again = MetricStore(file)
    assert again.buckets(Metric(*PLACE, "test", "m"), HOUR) == {START: Bucket(2, 3, 1, 2)}
    again.close()
    store.close()


def test_a_request_that_fails_in_the_middle_leaves_nothing(file: Path) -> None:
    store = MetricStore(file)
    with pytest.raises(sqlite3.Error):
        store.add_metric_data(*PLACE, "test", [datum(1), datum(2, Unit={"not": "a unit"})])
    assert store.list_metrics(*PLACE, None, None, []) == {"metrics": []}
    store.add_metric_data(*PLACE, "test", [datum(4)])
    assert store.buckets(Metric(*PLACE, "test", "m"), HOUR) == {START: Bucket(1, 4, 4, 4)}
    store.close()


def test_a_metric_without_data_is_not_listed(file: Path) -> None:
    store = MetricStore(file)
    store.add_metric_data(*PLACE, "test", [datum(1), datum(2, Dimensions=DIMENSIONS)])
    assert len(store.list_metrics(*PLACE, None, None, [])["metrics"]) == 2
    store.clear_tables()
    assert store.list_metrics(*PLACE, None, None, []) == {"metrics": []}
    store.close()


def test_a_query_goes_by_the_index(file: Path) -> None:
    store = MetricStore(file)
    plans: list[str] = []
    original = store._all  # pyright: ignore[reportPrivateUsage]

    def explained(query: str, parameters: tuple[Any, ...]) -> list[Any]:
        plans.extend(row[3] for row in original(f"EXPLAIN QUERY PLAN {query}", parameters))
        return original(query, parameters)

    store._all = explained  # pyright: ignore[reportPrivateUsage]
    for values in (False, True):
        store.buckets(Metric(*PLACE, "test", "m"), HOUR, values=values)
    used = [plan for plan in plans if "_METRICS" in plan]
    assert len(used) == 4
    assert all("by_time" in plan and "timestamp>? AND timestamp<?" in plan for plan in used)
    store.close()
