"""Every query of a dashboard finds something on a running stack, unless its panel says what it waits for."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(600)
FILES = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
# What Grafana would put there with one endpoint chosen.
CHOSEN = {
    "endpoint": "clinical", "variant": "AllTraffic", "interval": "5m", "__rate_interval": "1m", "__range": "30m",
    "running": "clinical", "slower": "0", "log_group": "/aws/sagemaker/Endpoints/clinical", "training_job": "*",
}  # fmt: skip
# Rates over five minutes, of series that came with the stack.
WITHIN = 420


def filled(text: str) -> str:
    """A query with values in the places of its variables."""
    return re.sub(r"\$\{?(\w+)\}?", lambda found: CHOSEN.get(found[1], found[0]), text)


def queries(kind: str, mode: str | None = None) -> dict[str, dict[str, Any]]:
    """The queries, by dashboard, panel and letter, of each panel that says nothing of waiting, of one data source."""
    return {
        f"{file.stem.removeprefix('obsiverse-')}: {panel['title']} {target['refId']}": target
        for file in FILES
        for placed in json.loads(file.read_text())["panels"]
        for panel in placed.get("panels") or [placed]
        for target in panel.get("targets", [])
        if target["datasource"]["type"] == kind and target.get("queryMode") == mode
        if "noValue" not in panel["fieldConfig"]["defaults"]
    }


def find_all(
    targets: dict[str, dict[str, Any]], found: Callable[[dict[str, Any]], object], eventually: Callable[..., Any]
) -> None:
    """Wait until each query has found something; the error names those that have not."""
    assert targets
    waiting = dict(targets)

    def ask() -> bool:
        for name, target in list(waiting.items()):
            if found(target):
                del waiting[name]
        assert not waiting, list(waiting)
        return True

    eventually(ask, within=WITHIN, every=1)


def test_every_query_of_metrics_finds_series(stack, eventually: Callable[..., Any]):
    address = stack.url("prometheus", 9090)

    def series(target: dict[str, Any]) -> list[Any]:
        answer = httpx.get(f"{address}/api/v1/query", params={"query": filled(target["expr"])}).json()
        assert answer["status"] == "success", answer
        return answer["data"]["result"]

    find_all(queries("grafana-amazonprometheus-datasource"), series, eventually)


def test_every_query_of_cloudwatch_metrics_finds_values(stack, eventually: Callable[..., Any]):
    cloudwatch = stack.client("cloudwatch")

    def values(target: dict[str, Any]) -> list[float]:
        listed = cloudwatch.list_metrics(Namespace=target["namespace"], MetricName=target["metricName"])["Metrics"]
        wanted = {name: filled(given[0]) for name, given in target["dimensions"].items()}
        metric = next(
            (
                one
                for one in listed
                if {d["Name"] for d in one["Dimensions"]} == wanted.keys()
                and all(wanted[d["Name"]] in (d["Value"], "*") for d in one["Dimensions"])
            ),
            None,
        )
        if metric is None:
            return []
        stat = {"Metric": metric, "Period": int(target["period"]), "Stat": target["statistic"]}
        end = datetime.now(UTC)
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=[{"Id": "a", "MetricStat": stat}], StartTime=end - timedelta(hours=6), EndTime=end
        )
        return answer["MetricDataResults"][0]["Values"]

    find_all(queries("cloudwatch", "Metrics"), values, eventually)


def test_every_query_of_logs_finds_rows(stack, eventually: Callable[..., Any]):
    logs = stack.client("logs")

    def rows(target: dict[str, Any]) -> list[Any]:
        now = int(time.time())
        started = logs.start_query(
            logGroupNames=[
                filled(name) for name in (*target["logGroupNames"], *(group["arn"] for group in target["logGroups"]))
            ],
            startTime=now - 6 * 3600,
            endTime=now,
            queryString=filled(target["expression"]),
        )
        return eventually(
            lambda: (answer := logs.get_query_results(queryId=started["queryId"]))["status"] == "Complete" and answer
        )["results"]

    find_all(queries("cloudwatch", "Logs"), rows, eventually)


def test_the_lists_of_traces_can_be_asked_for(stack, eventually: Callable[..., Any]):
    xray, end = stack.client("xray"), datetime.now(UTC)
    found: dict[str, int] = {}
    for file in FILES:
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", []):
                if target.get("queryType") == "getTraceSummaries":
                    answer = xray.get_trace_summaries(
                        StartTime=end - timedelta(minutes=15), EndTime=end, FilterExpression=filled(target["query"])
                    )
                    found[panel["title"]] = len(answer["TraceSummaries"])
    assert found.keys() == {"Slow requests", "Failed requests"}
    assert found["Slow requests"] > 0
    assert eventually(lambda: xray.get_service_graph(StartTime=end - timedelta(minutes=15), EndTime=end)["Services"])
