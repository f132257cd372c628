"""Queries of data sources: https://grafana.com/docs/grafana/latest/developers/http_api/data_source/#query-a-data-source"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from obsiverse_lookout.http import Call, route


async def query(call: Call) -> Any:
    """Each query's frames, or its error."""
    status, body = await call.lookout.runner.respond(call.org_id, call.body)
    return Response(body, status, media_type="application/json")


ROUTES = [route("POST", "/api/ds/query", query)]
