"""A dashboard's JSON: which is taken, and which is refused and why.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

from typing import Any, cast

from obsiverse_lookout.errors import ApiError

# Grafana 12's and 13's classic dashboards; a newer one would be a model that this code has not seen.
NEWEST_SCHEMA_VERSION = 42
TITLE_MAX = 5000


def checked_model(value: object) -> dict[str, Any]:
    """A dashboard that can be kept.

    Raises:
        ApiError: 400, it is no classic (v1) dashboard.
    """
    if not isinstance(value, dict):
        raise ApiError(400, "bad request data: dashboard is missing or not an object")
    model = cast("dict[str, Any]", value)
    if _is_v2(model):
        raise ApiError(
            400,
            "this is a dashboard of schema v2, which Lookout does not read; export it as classic (v1) JSON",
            status="bad-request",
        )
    title = model.get("title")
    if not isinstance(title, str) or not title.strip():
        raise ApiError(400, "Dashboard title cannot be empty", status="empty-name")
    if len(title) > TITLE_MAX:
        raise ApiError(400, f"Dashboard title cannot contain more than {TITLE_MAX} characters")
    version = model.get("schemaVersion", 0)
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise ApiError(400, f"schemaVersion is {version!r}; it must be a whole number, such as {NEWEST_SCHEMA_VERSION}")
    if version > NEWEST_SCHEMA_VERSION:
        raise ApiError(
            400,
            f"schemaVersion {version} is newer than {NEWEST_SCHEMA_VERSION}, the newest that Lookout reads; "
            "export the dashboard from an older Grafana",
        )
    panels, tags = model.get("panels", []), model.get("tags")
    if not isinstance(panels, list) or not all(isinstance(panel, dict) for panel in cast("list[object]", panels)):
        raise ApiError(400, "bad request data: panels is not a list of objects")
    if tags is not None and not _texts(tags):
        raise ApiError(400, "bad request data: tags is not a list of texts")
    return model


def _is_v2(model: dict[str, Any]) -> bool:
    wrapped = str(model.get("apiVersion", "")).startswith("dashboard.grafana.app/v2") or isinstance(
        model.get("spec"), dict
    )
    return wrapped or isinstance(model.get("elements"), dict)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in cast("list[object]", value))
