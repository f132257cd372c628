"""Data sources: where queries go.

What is in secureJsonData is never read back, only that it is there (secureJsonFields).
https://grafana.com/docs/grafana/latest/developers/http_api/data_source/
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from obsiverse_lookout.database import Database, Row
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.names import checked_uid

PROMETHEUS, AMP = "prometheus", "grafana-amazonprometheus-datasource"
CLOUDWATCH, XRAY = "cloudwatch", "grafana-x-ray-datasource"
# What Lookout can ask, and what Grafana's catalogue calls it.
TYPES = {
    PROMETHEUS: "Prometheus",
    AMP: "Amazon Managed Service for Prometheus",
    CLOUDWATCH: "CloudWatch",
    XRAY: "X-Ray",
}
KEPT = ("url", "access", "user", "database", "basicAuth", "basicAuthUser", "withCredentials", "jsonData")
DEFAULTS: dict[str, Any] = {
    "url": "",
    "access": "proxy",
    "user": "",
    "database": "",
    "basicAuth": False,
    "basicAuthUser": "",
    "withCredentials": False,
    "jsonData": {},
}


@dataclass(frozen=True)
class DataSource:
    """One data source.

    Attributes:
        model: url, access, basicAuth, jsonData and the like, named as in Grafana's API.
        secure: secureJsonData, never shown.
    """

    id: int
    org_id: int
    uid: str
    name: str
    type: str
    is_default: bool
    read_only: bool
    version: int
    model: Mapping[str, Any]
    secure: Mapping[str, str] = field(repr=False)

    @property
    def json_data(self) -> Mapping[str, Any]:
        """jsonData."""
        return self.model["jsonData"]

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return str(self.model["url"] or "").rstrip("/")


class DataSources:
    """The data sources in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, org_id: int) -> list[DataSource]:
        """All of an organisation, by name."""
        rows = self._database.all("SELECT * FROM data_sources WHERE org_id = :org ORDER BY name", org=org_id)
        return [_of_row(row) for row in rows]

    def find(
        self, org_id: int, *, uid: str | None = None, name: str | None = None, number: int | None = None
    ) -> DataSource | None:
        """The one with this uid, name or id, or None."""
        row = self._database.one(
            "SELECT * FROM data_sources WHERE org_id = :org AND (uid = :uid OR name = :name OR id = :id)",
            org=org_id,
            uid=uid,
            name=name,
            id=number,
        )
        return _of_row(row) if row else None

    def get(
        self, org_id: int, *, uid: str | None = None, name: str | None = None, number: int | None = None
    ) -> DataSource:
        """The one with this uid, name or id; raises ApiError 404."""
        if (found := self.find(org_id, uid=uid, name=name, number=number)) is None:
            raise ApiError(404, "Data source not found")
        return found

    def default(self, org_id: int) -> DataSource | None:
        """The one that queries go to which name none."""
        row = self._database.one("SELECT * FROM data_sources WHERE org_id = :org AND is_default", org=org_id)
        return _of_row(row) if row else None

    def create(self, org_id: int, wanted: Mapping[str, Any], *, read_only: bool = False) -> DataSource:
        """A new one; raises ApiError 400, 409 for a name or uid that is taken."""
        row: Row = _checked(wanted, {}, {}) | {
            "org_id": org_id,
            "uid": checked_uid(wanted.get("uid")),
            "read_only": read_only,
        }
        try:
            with self._database.writing() as connection:
                if row["is_default"]:
                    connection.execute("UPDATE data_sources SET is_default = 0 WHERE org_id = :org_id", row)
                connection.execute(
                    "INSERT INTO data_sources (org_id, uid, name, type, is_default, read_only, version, model, secure)"
                    " VALUES (:org_id, :uid, :name, :type, :is_default, :read_only, 1, :model, :secure)",
                    row,
                )
        except sqlite3.IntegrityError:
            raise ApiError(409, "data source with the same name or uid already exists") from None
        return self.get(org_id, uid=row["uid"])

    def update(
        self, current: DataSource, wanted: Mapping[str, Any], *, provisioned: bool = False, read_only: bool = False
    ) -> DataSource:
        """Replace it; secrets that are not named stay.

        Args:
            provisioned: the change comes from a file, which alone may change what is read-only.

        Raises:
            ApiError: 400; 403 it is read-only; 409 the version or the name is another's.
        """
        if current.read_only and not provisioned:
            raise ApiError(403, "Cannot update read-only data source: it comes from a provisioning file; change that")
        version = wanted.get("version")
        if not provisioned and version is not None and version != current.version:
            raise ApiError(409, "Datasource has already been updated by someone else. Please reload and try again")
        uid = checked_uid(wanted.get("uid") or current.uid)
        row = _checked(wanted, current.model, current.secure) | {"id": current.id, "org_id": current.org_id, "uid": uid}
        row["read_only"] = read_only
        try:
            with self._database.writing() as connection:
                if row["is_default"]:
                    connection.execute("UPDATE data_sources SET is_default = 0 WHERE org_id = :org_id", row)
                connection.execute(
                    "UPDATE data_sources SET uid = :uid, name = :name, type = :type, is_default = :is_default,"
                    " read_only = :read_only, version = version + 1, model = :model, secure = :secure WHERE id = :id",
                    row,
                )
        except sqlite3.IntegrityError:
            raise ApiError(409, "data source with the same name or uid already exists") from None
        return self.get(current.org_id, uid=uid)

    def delete(self, source: DataSource, *, provisioned: bool = False) -> None:
        """Delete it; raises ApiError 403 for one that is read-only."""
        if source.read_only and not provisioned:
            raise ApiError(403, "Cannot delete read-only data source: it comes from a provisioning file; change that")
        self._database.write("DELETE FROM data_sources WHERE id = :id", {"id": source.id})


def _checked(wanted: Mapping[str, Any], model: Mapping[str, Any], secure: Mapping[str, str]) -> Row:
    name, kind = wanted.get("name"), wanted.get("type")
    if not isinstance(name, str) or not name.strip():
        raise ApiError(400, "bad request data: name is missing")
    if not isinstance(kind, str) or not kind:
        raise ApiError(400, "bad request data: type is missing")
    if kind not in TYPES:
        raise ApiError(
            400, f"data sources of type {kind!r} can't be asked by Lookout; it knows {', '.join(sorted(TYPES))}"
        )
    json_data = cast("object", wanted.get("jsonData") or {})
    secrets = cast("object", wanted.get("secureJsonData") or {})
    if not isinstance(json_data, dict) or not isinstance(secrets, dict):
        raise ApiError(400, "bad request data: jsonData and secureJsonData are objects")
    kept = DEFAULTS | dict(model) | {key: wanted[key] for key in KEPT if wanted.get(key) is not None}
    kept["jsonData"] = json_data
    named = {str(key): str(value) for key, value in cast("dict[object, object]", secrets).items()}
    return {
        "name": name,
        "type": kind,
        "is_default": bool(wanted.get("isDefault")),
        "model": json.dumps(kept),
        "secure": json.dumps({**secure, **named}),
    }


def _of_row(row: Row) -> DataSource:
    return DataSource(
        row["id"],
        row["org_id"],
        row["uid"],
        row["name"],
        row["type"],
        bool(row["is_default"]),
        bool(row["read_only"]),
        row["version"],
        json.loads(row["model"]),
        json.loads(row["secure"]),
    )
