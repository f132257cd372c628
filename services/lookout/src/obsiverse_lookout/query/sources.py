"""The kinds of data sources, each with how its queries are told apart, run and kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import replace

import httpx

from obsiverse_lookout.data_sources import AMP, CLOUDWATCH, PROMETHEUS, XRAY, DataSource
from obsiverse_lookout.query import cloudwatch_metrics
from obsiverse_lookout.query import prometheus as prom
from obsiverse_lookout.query.aws import Aws, region_of
from obsiverse_lookout.query.cloudwatch_logs import CloudWatchLogs
from obsiverse_lookout.query.flights import Flights
from obsiverse_lookout.query.frames import Frame, encode
from obsiverse_lookout.query.prometheus_http import PrometheusHttp
from obsiverse_lookout.query.request import Query, QueryError
from obsiverse_lookout.query.time_range import TimeRange
from obsiverse_lookout.query.xray import XRay

PROMETHEUS_TYPES = (PROMETHEUS, AMP)
# A part of the ten seconds after which a dashboard usually refreshes.
PROMETHEUS_SECONDS, AWS_SECONDS = 3.0, 6.0
# Ranges of AWS's queries are cut to this, so that those who look at the same ask for the same.
GRID_MS = 5000
NOISE = ("refId", "datasource", "datasourceId", "intervalMs", "maxDataPoints", "hide", "key", "timeRange")


class Sources:
    """Runs queries of data sources.

    Args:
        timeout: seconds that one query may take.
        series_limit: how many series one query may bring.
    """

    def __init__(self, client: httpx.AsyncClient, aws: Aws, timeout: float, series_limit: int) -> None:
        self.http = PrometheusHttp(client)
        self.aws = aws
        self._timeout = timeout
        self._prometheus = prom.Prometheus(self.http, series_limit)
        self._metrics = cloudwatch_metrics.CloudWatchMetrics(aws, series_limit)
        self._logs = CloudWatchLogs(aws)
        self._xray = XRay(aws)
        self._flights = Flights()

    async def run(self, source: DataSource, query: Query, beside: Sequence[Query] = ()) -> bytes:
        """The JSON of a query's frames.

        Args:
            beside: the other queries of the request that go to this data source; a CloudWatch expression may name them.

        Raises:
            QueryError: the query is wrong, or its data source refuses it, or does not answer in time.
        """
        if source.type in PROMETHEUS_TYPES:
            planned = prom.plan(source, query)
            now = planned.now // GRID_MS if planned.instant else 0
            return await self._flown(
                source, replace(planned, now=now), PROMETHEUS_SECONDS, lambda: self._prometheus.run(source, planned)
            )
        query = replace(query, over=_on_grid(query.over))
        if source.type == CLOUDWATCH:
            return await self._cloudwatch(source, query, beside)
        if source.type == XRAY:
            return await self._flown(source, _key(query), AWS_SECONDS, lambda: self._xray.run(source, query))
        raise QueryError(400, f"Lookout can't ask data sources of type {source.type}", "plugin")

    async def _cloudwatch(self, source: DataSource, query: Query, beside: Sequence[Query]) -> bytes:
        mode = query.text("queryMode") or "Metrics"
        if mode == "Logs":
            return await self._flown(source, _key(query), AWS_SECONDS, lambda: self._logs.run(source, query))
        if mode != "Metrics":
            raise QueryError(400, f"queryMode {mode!r} is not known to Lookout; it knows Metrics and Logs", "plugin")
        region = region_of(source, query)
        now = time.time()
        asked = cloudwatch_metrics.plan(query, now)
        metrics = [asked, *named(asked, beside, now)]
        # The request is what counts, not how a panel spelled it.
        key = (region, query.over, json.dumps([metric.entry for metric in metrics], sort_keys=True), query.ref_id)
        return await self._flown(
            source,
            key,
            AWS_SECONDS,
            lambda: self._metrics.run(source, region, query.over, metrics, query.ref_id),
        )

    async def _flown(
        self, source: DataSource, key: Hashable, seconds: float, run: Callable[[], Awaitable[Sequence[Frame]]]
    ) -> bytes:
        async def make() -> bytes:
            try:
                async with asyncio.timeout(self._timeout):
                    return encode(await run())
            except TimeoutError:
                raise QueryError(504, f"{source.name} did not answer within {self._timeout:g} s") from None

        return await self._flights.get((source.id, source.version, key), seconds, make)


def named(asked: cloudwatch_metrics.Metric, beside: Sequence[Query], now: float) -> list[cloudwatch_metrics.Metric]:
    """The queries that a CloudWatch expression names by their ids, and those that they name.

    Raises:
        QueryError: one of them is wrong.
    """
    candidates: Mapping[str, Query] = {str(query.model.get("id")): query for query in beside if query.model.get("id")}
    found: dict[str, cloudwatch_metrics.Metric] = {}
    waiting = [asked]
    while waiting:
        expression = waiting.pop().expression
        for query_id, query in candidates.items():
            if query_id not in found and query_id != asked.id and cloudwatch_metrics.names(expression, query_id):
                found[query_id] = cloudwatch_metrics.plan(query, now)
                waiting.append(found[query_id])
    return list(found.values())


def _on_grid(over: TimeRange) -> TimeRange:
    # What has just come in is wanted too.
    return TimeRange(over.start // GRID_MS * GRID_MS, -(-over.end // GRID_MS) * GRID_MS)


def _key(query: Query) -> Hashable:
    model = {key: value for key, value in query.model.items() if key not in NOISE}
    return (query.ref_id, query.over, json.dumps(model, sort_keys=True))
