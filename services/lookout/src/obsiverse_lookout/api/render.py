"""Panels and dashboards as PNGs: https://grafana.com/docs/grafana/latest/setup-grafana/image-rendering/"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.http import Call, route
from obsiverse_lookout.jsons import listing
from obsiverse_lookout.render import DEFAULT_HEIGHT, DEFAULT_WIDTH, MOST_PIXELS, SECONDS, Picture

# What is the picture's, not the page's.
OWN = ("width", "height", "scale", "tz", "timeout", "orgId")
WHOLE = "-1"


async def render(call: Call) -> Any:
    """A PNG of a dashboard, or of one of its panels."""
    kind, uid = call.path("kind"), call.path("uid")
    if kind not in ("d", "d-solo"):
        raise ApiError(404, "Not found: pictures are below /render/d/ and /render/d-solo/")
    dashboard = call.lookout.dashboards.get(call.org_id, uid)
    panel = call.query.get("panelId", "").removeprefix("panel-")
    if kind == "d-solo" and panel not in _panels(listing(dashboard["model"].get("panels"))):
        raise ApiError(404, f"Panel not found: dashboard {uid} has no panel {panel!r}; name one in panelId")
    parameters = [(key, value) for key, value in call.request.query_params.multi_items() if key not in OWN]
    if kind == "d":
        parameters += [("kiosk", "1"), ("render", "1")]
    path = f"/{kind}/{quote(uid)}/{quote(call.request.path_params.get('slug') or '-')}"
    height = call.query.get("height", "")
    picture = Picture(
        f"{path}?{urlencode(parameters)}",
        _pixels(call, "width", DEFAULT_WIDTH),
        None if height == WHOLE else _pixels(call, "height", DEFAULT_HEIGHT),
        _scale(call),
        call.query.get("tz", ""),
        float(min(call.asked_number("timeout", int(SECONDS)), 300)),
    )
    authorization = call.request.headers.get("authorization")
    return Response(await call.lookout.renderer.draw(picture, authorization, call.org_id), media_type="image/png")


def _panels(panels: list[dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    for panel in panels:
        found |= {str(panel.get("id"))} | _panels(listing(panel.get("panels")))
    return found


def _pixels(call: Call, name: str, default: int) -> int:
    pixels = call.asked_number(name, default)
    if not 10 <= pixels <= MOST_PIXELS:
        raise ApiError(400, f"{name} is {pixels}; it can be 10 to {MOST_PIXELS} pixels")
    return pixels


def _scale(call: Call) -> float:
    text = call.query.get("scale") or "1"
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0.1 <= scale <= 4:
        raise ApiError(400, f"scale is {text!r}; it can be 0.1 to 4")
    return scale


ROUTES = [
    route("GET", "/render/{kind}/{uid}", render),
    route("GET", "/render/{kind}/{uid}/{slug}", render),
]
