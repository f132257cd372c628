"""Annotations: points and stretches of time with a text.

https://grafana.com/docs/grafana/latest/developers/http_api/annotations/
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from obsiverse_lookout.database import Database, Row
from obsiverse_lookout.errors import ApiError


@dataclass(frozen=True)
class Wanted:
    """Which annotations; times are milliseconds since the epoch, None and empty ask for all."""

    start: int | None = None
    end: int | None = None
    dashboard_uid: str | None = None
    panel_id: int | None = None
    tags: tuple[str, ...] = ()
    any_tag: bool = False
    limit: int = 100


class Annotations:
    """The annotations in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, org_id: int, wanted: Wanted) -> list[Row]:
        """The newest first, those that reach into the time."""
        rows = self._database.all(
            "SELECT * FROM annotations WHERE org_id = :org"
            " AND (:start IS NULL OR time_end >= :start) AND (:end IS NULL OR time <= :end)"
            " AND (:dashboard IS NULL OR dashboard_uid = :dashboard) AND (:panel IS NULL OR panel_id = :panel)"
            " AND (:count = 0 OR (SELECT count(DISTINCT have.value) FROM json_each(tags) have"
            "   JOIN json_each(:tags) want ON want.value = have.value) >= :count)"
            " ORDER BY time DESC, id DESC LIMIT :limit",
            org=org_id,
            start=wanted.start,
            end=wanted.end,
            dashboard=wanted.dashboard_uid,
            panel=wanted.panel_id,
            tags=json.dumps(wanted.tags),
            count=min(1, len(wanted.tags)) if wanted.any_tag else len(set(wanted.tags)),
            limit=wanted.limit,
        )
        return [_read(row) for row in rows]

    def get(self, org_id: int, annotation_id: int) -> Row:
        """One; raises ApiError 404."""
        row = self._database.one(
            "SELECT * FROM annotations WHERE org_id = :org AND id = :id", org=org_id, id=annotation_id
        )
        if row is None:
            raise ApiError(404, "Could not find annotation to update")
        return _read(row)

    def create(self, org_id: int, wanted: Mapping[str, Any], login: str) -> int:
        """A new one's id; raises ApiError 400."""
        at = int(time.time() * 1000)
        row = _checked(
            {"time": at, "timeEnd": None, "tags": list[str](), "text": "", "data": dict[str, Any]()} | dict(wanted)
        )
        row |= {
            "org": org_id,
            "dashboard": wanted.get("dashboardUID") or None,
            "panel": wanted.get("panelId") or None,
            "login": login,
            "at": at,
        }
        return self._database.insert(
            "INSERT INTO annotations (org_id, dashboard_uid, panel_id, time, time_end, tags, text, data, login, created, updated)"
            " VALUES (:org, :dashboard, :panel, :time, :time_end, :tags, :text, :data, :login, :at, :at)",
            row,
        )

    def update(self, org_id: int, annotation_id: int, wanted: Mapping[str, Any]) -> None:
        """Change what is given of time, timeEnd, tags, text and data; raises ApiError 400, 404."""
        current = self.get(org_id, annotation_id)
        kept = {
            "time": current["time"],
            "timeEnd": current["time_end"],
            "tags": current["tags"],
            "text": current["text"],
            "data": current["data"],
        }
        given = {key: value for key, value in wanted.items() if key in kept and value is not None}
        # A point that moves stays a point.
        if current["time_end"] == current["time"] and "time" in given and "timeEnd" not in given:
            given["timeEnd"] = given["time"]
        self._database.write(
            "UPDATE annotations SET time = :time, time_end = :time_end, tags = :tags, text = :text, data = :data,"
            " updated = :at WHERE id = :id",
            _checked(kept | given) | {"id": annotation_id, "at": int(time.time() * 1000)},
        )

    def delete(self, org_id: int, annotation_id: int) -> None:
        """Delete one; raises ApiError 404."""
        self.get(org_id, annotation_id)
        self._database.write("DELETE FROM annotations WHERE id = :id", {"id": annotation_id})

    def tags(self, org_id: int, query: str, limit: int) -> list[Row]:
        """Tags that contain a text, each with its `count`."""
        return self._database.all(
            "SELECT t.value AS tag, count(*) AS count FROM annotations, json_each(tags) t WHERE org_id = :org"
            " AND instr(lower(t.value), lower(:query)) GROUP BY t.value ORDER BY t.value LIMIT :limit",
            org=org_id,
            query=query,
            limit=limit,
        )


def _read(row: Row) -> Row:
    return row | {"tags": json.loads(row["tags"]), "data": json.loads(row["data"])}


def _checked(wanted: Mapping[str, Any]) -> Row:
    text, tags, start = wanted["text"], cast("object", wanted["tags"] or []), wanted["time"]
    end = wanted["timeEnd"] or start
    if not isinstance(text, str) or not text:
        raise ApiError(400, "Failed to save annotation: text field should not be empty")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in cast("list[object]", tags)):
        raise ApiError(400, "Failed to save annotation: tags is not a list of texts")
    if not all(isinstance(at, int) and not isinstance(at, bool) and abs(at) < 2**53 for at in (start, end)):
        raise ApiError(400, "Failed to save annotation: time and timeEnd are milliseconds since the epoch")
    return {
        "text": text,
        "tags": json.dumps(tags),
        "time": min(start, end),
        "time_end": max(start, end),
        "data": json.dumps(wanted["data"] or {}),
    }
