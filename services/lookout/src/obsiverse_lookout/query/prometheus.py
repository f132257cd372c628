"""Prometheus queries: range, instant and exemplars, and the data frames they come to.

The frames' types: https://grafana.com/developers/dataplane/
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from obsiverse_lookout.data_sources import DataSource
from obsiverse_lookout.jsons import listing
from obsiverse_lookout.query import interval
from obsiverse_lookout.query.frames import Frame
from obsiverse_lookout.query.interpolate import interpolate
from obsiverse_lookout.query.prometheus_frames import by_bucket, exemplar_frame, result_frames, table
from obsiverse_lookout.query.prometheus_http import PrometheusHttp
from obsiverse_lookout.query.request import Query, QueryError

FORMATS = ("time_series", "table", "heatmap")


@dataclass(frozen=True)
class PrometheusQuery:
    """A query as it is sent; all times are milliseconds, the range's ends multiples of the step."""

    ref_id: str
    expr: str
    step: int
    start: int
    end: int
    now: int
    range: bool
    instant: bool
    exemplar: bool
    format: str
    legend: str
    alone: bool

    @property
    def executed(self) -> str:
        """What a panel's inspector shows."""
        return f"Expr: {self.expr}\nStep: {interval.spoken(self.step)}"


def plan(source: DataSource, query: Query) -> PrometheusQuery:
    """What is sent for a query; raises QueryError 400 where it can't be."""
    expr, asked = query.text("expr"), query.text("interval")
    if not expr.strip():
        raise QueryError(400, f"expr of query {query.ref_id} is empty", "plugin")
    model = query.model
    shape = query.text("format") or "time_series"
    if shape not in FORMATS:
        raise QueryError(400, f"format of query {query.ref_id} is {shape!r}; it can be {', '.join(FORMATS)}", "plugin")
    scrape = _duration(str(source.json_data.get("timeInterval") or ""), interval.DEFAULT_MS, "timeInterval")
    variable = "__" in asked
    least = _duration("" if variable else asked, query.interval or scrape, "interval")
    factor = model.get("intervalFactor")
    step = interval.step(query.over, query.points, least, factor if isinstance(factor, int) else 1)
    wanted_scrape = scrape if not asked else step if variable else least
    if "rate_interval" in asked:
        step = interval.rate_interval(step, scrape)
    offset = model.get("utcOffsetSec")
    shift = offset * 1000 if isinstance(offset, int) else 0
    instant = bool(model.get("instant"))
    return PrometheusQuery(
        query.ref_id,
        interpolate(expr, query.over, step, query.interval, wanted_scrape),
        step,
        _aligned(query.over.start, step, shift),
        _aligned(query.over.end, step, shift),
        query.over.end // 1000 * 1000,
        bool(model.get("range")) or not instant,
        instant,
        bool(model.get("exemplar")),
        shape,
        query.text("legendFormat"),
        query.alone,
    )


class Prometheus:
    """Runs queries of Prometheus data sources.

    Args:
        series_limit: how many series a query may bring; the rest is cut, and said.
    """

    def __init__(self, http: PrometheusHttp, series_limit: int) -> None:
        self._http = http
        self._limit = series_limit

    async def run(self, source: DataSource, query: PrometheusQuery) -> list[Frame]:
        """The query's frames; raises QueryError."""
        parts: list[Any] = []
        if query.range:
            parts.append(self._range(source, query))
        if query.instant:
            parts.append(self._instant(source, query))
        if query.exemplar:
            parts.append(self._exemplars(source, query))
        done = cast("list[list[Frame] | BaseException]", await asyncio.gather(*parts, return_exceptions=True))
        frames: list[Frame] = []
        for one in done:
            if isinstance(one, BaseException):
                raise one
            frames += one
        if not frames:
            frames = [Frame("", [])]
        frames[0].meta["executedQueryString"] = query.executed
        for frame in frames:
            frame.ref_id = query.ref_id
        return frames

    async def _range(self, source: DataSource, query: PrometheusQuery) -> list[Frame]:
        parameters = {
            "query": query.expr,
            "start": _seconds(query.start),
            "end": _seconds(query.end),
            "step": _seconds(query.step),
            "limit": str(self._limit + 1),
        }
        return await self._frames(source, query, "query_range", parameters)

    async def _instant(self, source: DataSource, query: PrometheusQuery) -> list[Frame]:
        parameters = {"query": query.expr, "time": _seconds(query.now), "limit": str(self._limit + 1)}
        return await self._frames(source, query, "query", parameters)

    async def _frames(
        self, source: DataSource, query: PrometheusQuery, path: str, parameters: Mapping[str, str]
    ) -> list[Frame]:
        answer = await self._http.data(source, f"/api/v1/{path}", parameters)
        data = answer["data"]
        series: list[Any] = data["result"] if data.get("resultType") in ("matrix", "vector") else []
        cut = len(series) > self._limit
        if cut:
            data["result"] = series[: self._limit]
        frames = result_frames(data, query.step, query.legend, query.expr)
        if query.format == "table":
            frames = [table(frames, "Value" if query.alone else f"Value #{query.ref_id}")]
        elif query.format == "heatmap":
            frames = by_bucket(frames)
        frames = frames or [Frame("", [])]
        if cut:
            frames[0].notice(await self._said(source, query, len(series)))
        for text in listing(answer.get("warnings")):
            if not (cut and "limit" in text):
                frames[0].notice(text)
        for text in listing(answer.get("infos")):
            frames[0].notice(text, "info")
        return frames

    async def _said(self, source: DataSource, query: PrometheusQuery, came: int) -> str:
        """What a panel says of series that were cut; their number is asked for, since only the first ones came."""
        count = came
        try:
            answer = await self._http.data(
                source, "/api/v1/query", {"query": f"count({query.expr})", "time": _seconds(query.end)}
            )
            count = max(came, int(float(answer["data"]["result"][0]["value"][1])))
        except (QueryError, LookupError, ValueError):
            pass
        known = f"{count:,}" if count > self._limit + 1 or came > self._limit + 1 else f"more than {self._limit:,}"
        return f"The query matches {known} series; the first {self._limit:,} are shown. Aggregate or filter them."

    async def _exemplars(self, source: DataSource, query: PrometheusQuery) -> list[Frame]:
        parameters = {"query": query.expr, "start": _seconds(query.start), "end": _seconds(query.end)}
        try:
            answer = await self._http.data(source, "/api/v1/query_exemplars", parameters)
        except QueryError as error:
            # Managed Prometheus keeps none. The series are worth showing without.
            empty = Frame("exemplar", [], {"custom": {"resultType": "exemplar"}})
            empty.notice(f"No exemplars: {error}", "info")
            return [empty]
        frame = exemplar_frame(cast("Sequence[Mapping[str, Any]]", answer["data"]), query.step)
        return [frame] if frame else []


def _duration(text: str, default: int, name: str) -> int:
    try:
        return interval.duration(text) if text.strip() else default
    except ValueError as error:
        raise QueryError(400, f"{name}: {error}", "plugin") from None


def _aligned(at: int, step: int, shift: int) -> int:
    return (at + shift) // step * step - shift


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}".rstrip("0").rstrip(".")
