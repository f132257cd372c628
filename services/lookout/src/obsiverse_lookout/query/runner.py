"""Runs the queries of one request: those of data sources at once, expressions over them after, each with its own result.

https://grafana.com/docs/grafana/latest/developers/http_api/data_source/#query-a-data-source
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

from obsiverse_lookout.data_sources import DataSource, DataSources
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.expressions.evaluate import evaluate, needs
from obsiverse_lookout.expressions.values import ExpressionError, Values, of_frames, to_frames
from obsiverse_lookout.query.frames import encode
from obsiverse_lookout.query.interval import DEFAULT_POINTS, MOST_POINTS
from obsiverse_lookout.query.request import Query, QueryError
from obsiverse_lookout.query.sources import Sources
from obsiverse_lookout.query.time_range import BadTime, TimeRange, parse_range

EXPRESSION = "__expr__"
MOST_QUERIES = 100


@dataclass(frozen=True)
class Asked:
    """A query and where it goes: to a data source, or, where that is None, it is an expression.

    Attributes:
        hidden: its result is not answered.
        needed: an expression computes with it.
    """

    query: Query
    source: DataSource | None
    hidden: bool
    needed: bool = False


# The JSON of frames, or why there are none.
Result = bytes | QueryError


class Runner:
    """Runs requests.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, data_sources: DataSources, sources: Sources, clock: Callable[[], float]) -> None:
        self._data_sources = data_sources
        self._sources = sources
        self._clock = clock

    async def respond(self, org_id: int, body: Mapping[str, Any]) -> tuple[int, bytes]:
        """Status and body of the answer to POST /api/ds/query.

        Raises:
            ApiError: 400, the request can't be read.
        """
        queries = body.get("queries")
        if not isinstance(queries, list) or not queries:
            raise ApiError(400, "no queries found: queries is a list of at least one")
        models = cast("list[object]", queries)
        if len(models) > MOST_QUERIES:
            raise ApiError(400, f"{len(models)} queries are too many for one request; at most {MOST_QUERIES}")
        over = self._range(body.get("from"), body.get("to"))
        results: dict[str, Result] = {}
        asked: dict[str, Asked] = {}
        for model in models:
            if not isinstance(model, dict):
                raise ApiError(400, "each of queries is an object")
            one = cast("dict[str, Any]", model)
            ref_id = str(one.get("refId") or "A")
            if ref_id in asked or ref_id in results:
                raise ApiError(400, f"two queries have the refId {ref_id}")
            try:
                asked[ref_id] = self._read(org_id, ref_id, one, over)
            except QueryError as error:
                results[ref_id] = error
        results |= await self.run(_together(asked))
        shown = {ref: result for ref, result in results.items() if not (ref in asked and asked[ref].hidden)}
        failed = [result for result in shown.values() if isinstance(result, QueryError)]
        # Grafana's own statuses: some failed, all failed.
        status = 200 if not failed else 207 if len(failed) < len(shown) else 400
        parts = (json.dumps(ref_id).encode() + b":" + _told(result) for ref_id, result in shown.items())
        return status, b'{"results":{' + b",".join(parts) + b"}}"

    def _range(self, start: object, end: object) -> TimeRange:
        try:
            return parse_range(
                start if start not in (None, "") else "now-1h", end if end not in (None, "") else "now", self._clock()
            )
        except BadTime as error:
            raise ApiError(400, str(error)) from None

    def _read(self, org_id: int, ref_id: str, model: Mapping[str, Any], over: TimeRange) -> Asked:
        own = model.get("timeRange")
        if isinstance(own, dict):
            ends = cast("dict[str, Any]", own)
            try:
                over = parse_range(ends.get("from"), ends.get("to"), self._clock())
            except BadTime as error:
                raise QueryError(400, str(error), "plugin") from None
        return read(self._data_sources, org_id, ref_id, model, over)

    async def run(self, asked: Mapping[str, Asked]) -> dict[str, Result]:
        """The results by refId; of hidden queries only where they are needed."""
        queries = [one for one in asked.values() if one.source is not None]
        wanted = [one for one in queries if one.needed or not one.hidden]
        done = await asyncio.gather(*(self._one(one, queries) for one in wanted))
        results: dict[str, Result] = {one.query.ref_id: result for one, result in zip(wanted, done, strict=True)}
        expressions = {ref_id: one for ref_id, one in asked.items() if one.source is None}
        if expressions:
            _compute(expressions, results)
        return {ref_id: results[ref_id] for ref_id in asked if ref_id in results}

    async def _one(self, one: Asked, all_of_them: Sequence[Asked]) -> Result:
        assert one.source is not None
        beside = [
            other.query
            for other in all_of_them
            if other is not one and other.source and other.source.id == one.source.id
        ]
        try:
            return await self._sources.run(one.source, one.query, beside)
        except QueryError as error:
            return error


def read(sources: DataSources, org_id: int, ref_id: str, model: Mapping[str, Any], over: TimeRange) -> Asked:
    """A query in Grafana's JSON, with its data source found; raises QueryError 400 or 404."""
    named, source = model.get("datasource"), None
    reference = cast("dict[str, Any]", named) if isinstance(named, dict) else {"uid": named} if named else {}
    uid, kind = reference.get("uid"), reference.get("type")
    if EXPRESSION not in (uid, kind) and uid != "-100":
        number = model.get("datasourceId")
        if uid:
            source = sources.find(org_id, uid=str(uid)) or sources.find(org_id, name=str(uid))
        elif isinstance(number, int):
            source = sources.find(org_id, number=number)
        else:
            source = sources.default(org_id)
        if source is None:
            raise QueryError(
                404, f"data source {uid or number or 'default'} not found; query {ref_id} goes to it", "plugin"
            )
    interval, points = model.get("intervalMs"), model.get("maxDataPoints")
    query = Query(
        ref_id,
        model,
        over,
        max(1, int(interval)) if isinstance(interval, int | float) else 1000,
        min(MOST_POINTS, max(1, int(points))) if isinstance(points, int | float) else DEFAULT_POINTS,
    )
    return Asked(query, source, bool(model.get("hide")))


def _together(asked: Mapping[str, Asked]) -> dict[str, Asked]:
    """The queries of one request, with what each has to know of the others."""
    needed: set[str] = set()
    for one in asked.values():
        if one.source is None:
            # An expression that is wrong says so when it is computed.
            with suppress(ExpressionError):
                needed.update(needs(one.query.model))
    alone = sum(one.source is not None for one in asked.values()) == 1
    made: dict[str, Asked] = {}
    for ref_id, one in asked.items():
        # Expressions compute with series, whatever a panel would show.
        plain = {"format": "time_series", "exemplar": False} if ref_id in needed and one.source else {}
        query = replace(one.query, alone=alone, model={**one.query.model, **plain})
        made[ref_id] = replace(one, query=query, needed=ref_id in needed)
    return made


def _compute(expressions: Mapping[str, Asked], results: dict[str, Result]) -> None:
    """Put the expressions' results to the others, each after what it needs."""
    known: dict[str, Values] = {}
    open_ones: list[str] = []

    def values(ref_id: str) -> Values:
        if ref_id in known:
            return known[ref_id]
        result = results.get(ref_id)
        if isinstance(result, QueryError):
            raise ExpressionError(f"query {ref_id}, which it computes with, failed: {result}")
        if isinstance(result, bytes):
            known[ref_id] = of_frames(json.loads(result))
        elif ref_id in open_ones:
            raise ExpressionError(f"the expressions {', '.join(open_ones)} compute with each other")
        elif ref_id in expressions:
            open_ones.append(ref_id)
            one = expressions[ref_id].query
            wanted = {each: values(each) for each in needs(one.model) if each in results or each in expressions}
            known[ref_id] = evaluate(one.model, wanted, one.over)
            open_ones.pop()
        else:
            raise ExpressionError(f"there is no query {ref_id!r}")
        return known[ref_id]

    for ref_id in expressions:
        open_ones.clear()
        try:
            results[ref_id] = encode(to_frames(ref_id, values(ref_id)))
        except ExpressionError as error:
            results[ref_id] = QueryError(
                400, f"[sse.exprError] failed to execute expression {ref_id}: {error}", "plugin"
            )
        except RecursionError:
            results[ref_id] = QueryError(400, f"[sse.exprError] expression {ref_id} is nested too deeply", "plugin")


def _told(result: Result) -> bytes:
    if isinstance(result, bytes):
        return b'{"status":200,"frames":' + result + b"}"
    told: dict[str, Any] = {"error": str(result), "errorSource": result.source, "status": result.status, "frames": []}
    return json.dumps(told).encode()


def results_json(result: Result) -> list[dict[str, Any]]:
    """A result's frames in JSON; raises the QueryError that it is."""
    if isinstance(result, QueryError):
        raise result
    return json.loads(result)
