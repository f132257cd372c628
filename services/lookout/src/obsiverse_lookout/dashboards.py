"""Dashboards and their versions.

https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from obsiverse_lookout.dashboard_model import checked_model
from obsiverse_lookout.database import Database, Row
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.folders import GENERAL, Folders
from obsiverse_lookout.names import checked_uid, now

COLUMNS = "id, org_id, uid, title, folder_uid, tags, version, created, updated, created_by, updated_by, provider, file"
VERSIONS_KEPT = 20


@dataclass(frozen=True)
class Provider:
    """Who provisions a dashboard, and from which file; `editable` ones may be saved from elsewhere too."""

    name: str
    file: str
    editable: bool = False


class Dashboards:
    """The dashboards in a database."""

    def __init__(self, database: Database, folders: Folders) -> None:
        self._database = database
        self._folders = folders

    def get(self, org_id: int, uid: str) -> Row:
        """One, with its model as a dictionary; raises ApiError 404."""
        row = self._database.one("SELECT * FROM dashboards WHERE org_id = :org AND uid = :uid", org=org_id, uid=uid)
        if row is None:
            raise ApiError(404, "Dashboard not found", status="not-found")
        return row | {"model": json.loads(row["model"])}

    def by_id(self, org_id: int, dashboard_id: int) -> Row:
        """One by its number; raises ApiError 404."""
        row = self._database.one(
            "SELECT uid FROM dashboards WHERE org_id = :org AND id = :id", org=org_id, id=dashboard_id
        )
        if row is None:
            raise ApiError(404, "Dashboard not found", status="not-found")
        return self.get(org_id, row["uid"])

    def list(self, org_id: int) -> list[Row]:
        """All, by title, without their models."""
        return self._database.all(
            f"SELECT {COLUMNS} FROM dashboards WHERE org_id = :org ORDER BY title, id",  # noqa: S608 - COLUMNS is ours
            org=org_id,
        )

    def tags(self, org_id: int) -> list[Row]:
        """Each tag as `term`, with the `count` of its dashboards."""
        return self._database.all(
            "SELECT t.value AS term, count(*) AS count FROM dashboards, json_each(tags) t WHERE org_id = :org"
            " GROUP BY t.value ORDER BY t.value",
            org=org_id,
        )

    def save(self, org_id: int, wanted: Mapping[str, Any], login: str, provider: Provider | None = None) -> Row:
        """Create or change one.

        Args:
            wanted: `dashboard`, and where given `folderUid`, `overwrite`, `message`.
            provider: set where it comes from a provisioning file.

        Raises:
            ApiError: 400; 404 for a dashboard (by id) or a folder that is not there; 412 where another has changed it meanwhile.
        """
        model = dict(checked_model(wanted.get("dashboard")))
        current, folder = self._current(org_id, model), self._folder(org_id, wanted)
        if current is not None and provider is None:
            self._may_save(current, model, overwrite=bool(wanted.get("overwrite")))
        uid = current["uid"] if current else checked_uid(model.get("uid"))
        version = current["version"] + 1 if current else 1
        row = {
            "org": org_id,
            "uid": uid,
            "title": model["title"],
            "folder": folder,
            "tags": json.dumps(model.get("tags") or []),
            "version": version,
            "model": json.dumps({key: value for key, value in model.items() if key not in ("id", "uid", "version")}),
            "at": now(),
            "login": login,
            "provider": provider.name if provider else None,
            "file": provider.file if provider else None,
            "message": str(wanted.get("message") or ""),
            "parent": current["version"] if current else 0,
            "restored": int(wanted.get("restoredFrom") or 0),
        }
        self._write(row, current)
        return self.get(org_id, uid)

    def _write(self, row: Row, current: Row | None) -> None:
        with self._database.writing() as connection:
            if current is None:
                row["id"] = connection.execute(
                    "INSERT INTO dashboards (org_id, uid, title, folder_uid, tags, version, model, created, updated,"
                    " created_by, updated_by, provider, file) VALUES"
                    " (:org, :uid, :title, :folder, :tags, :version, :model, :at, :at, :login, :login, :provider, :file)",
                    row,
                ).lastrowid
            else:
                row["id"] = current["id"]
                connection.execute(
                    "UPDATE dashboards SET title = :title, folder_uid = :folder, tags = :tags, version = :version,"
                    " model = :model, updated = :at, updated_by = :login, provider = coalesce(:provider, provider),"
                    " file = coalesce(:file, file) WHERE id = :id",
                    row,
                )
            connection.execute(
                "INSERT INTO dashboard_versions (dashboard_id, version, parent_version, restored_from, created, created_by,"
                " message, model) VALUES (:id, :version, :parent, :restored, :at, :login, :message, :model)",
                row,
            )
            connection.execute(
                "DELETE FROM dashboard_versions WHERE dashboard_id = :id AND version <= :oldest",
                {"id": row["id"], "oldest": row["version"] - VERSIONS_KEPT},
            )

    def _current(self, org_id: int, model: Mapping[str, Any]) -> Row | None:
        if uid := model.get("uid"):
            return self._database.one(
                f"SELECT {COLUMNS} FROM dashboards WHERE org_id = :org AND uid = :uid",  # noqa: S608 - COLUMNS is ours
                org=org_id,
                uid=str(uid),
            )
        if number := model.get("id"):
            return self.by_id(org_id, number)
        return None

    def _folder(self, org_id: int, wanted: Mapping[str, Any]) -> str:
        uid, number = wanted.get("folderUid"), wanted.get("folderId")
        if not uid and number:
            return self._folders.by_id(org_id, number)["uid"]
        if not uid or uid == GENERAL:
            return ""
        if self._folders.find(org_id, str(uid)) is None:
            raise ApiError(400, "folder not found", status="not-found")
        return str(uid)

    def _may_save(self, current: Row, model: Mapping[str, Any], *, overwrite: bool) -> None:
        if current["provider"] is not None and not self._database.one(
            "SELECT 1 FROM documents WHERE org_id = :org AND kind = 'editable-provider' AND name = :name",
            org=current["org_id"],
            name=current["provider"],
        ):
            raise ApiError(400, f"Cannot save provisioned dashboard: change {current['file']} instead")
        if not overwrite and model.get("version") != current["version"]:
            raise ApiError(412, "The dashboard has been changed by someone else", status="version-mismatch")

    def set_editable(self, org_id: int, provider: str, *, editable: bool) -> None:
        """Whether dashboards of a provider may be saved from elsewhere (`allowUiUpdates`)."""
        statement = (
            "INSERT OR REPLACE INTO documents VALUES (:org, 'editable-provider', :name, '{}')"
            if editable
            else "DELETE FROM documents WHERE org_id = :org AND kind = 'editable-provider' AND name = :name"
        )
        self._database.write(statement, {"org": org_id, "name": provider})

    def delete(self, org_id: int, uid: str, *, provisioned: bool = False) -> Row:
        """Delete one; raises ApiError 404, 400 where it is provisioned."""
        dashboard = self.get(org_id, uid)
        if dashboard["provider"] is not None and not provisioned:
            raise ApiError(400, f"provisioned dashboard cannot be deleted: remove {dashboard['file']} instead")
        self._database.write("DELETE FROM dashboards WHERE id = :id", {"id": dashboard["id"]})
        return dashboard

    def versions(self, dashboard: Row, limit: int, start: int) -> Sequence[Row]:
        """A dashboard's versions without their models, the newest first; `start` is the version to begin after, 0 for the first."""
        return self._database.all(
            "SELECT id, version, parent_version, restored_from, created, created_by, message FROM dashboard_versions"
            " WHERE dashboard_id = :id AND (:start = 0 OR version < :start) ORDER BY version DESC LIMIT :limit",
            id=dashboard["id"],
            limit=limit,
            start=start,
        )

    def version(self, dashboard: Row, version: int) -> Row:
        """One version with its model; raises ApiError 404."""
        row = self._database.one(
            "SELECT * FROM dashboard_versions WHERE dashboard_id = :id AND version = :version",
            id=dashboard["id"],
            version=version,
        )
        if row is None:
            raise ApiError(404, f"Dashboard version {version} not found for dashboard {dashboard['uid']}")
        return row | {"model": json.loads(row["model"])}
