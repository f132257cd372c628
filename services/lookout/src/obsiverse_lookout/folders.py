"""Folders of dashboards and alert rules.

https://grafana.com/docs/grafana/latest/developers/http_api/folder/
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from obsiverse_lookout.database import Database, Row
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.names import checked_uid, now

# The uid of no folder at all, at the root.
GENERAL = "general"


class Folders:
    """The folders in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, org_id: int, uid: str) -> Row | None:
        """One folder, or None."""
        return self._database.one("SELECT * FROM folders WHERE org_id = :org AND uid = :uid", org=org_id, uid=uid)

    def get(self, org_id: int, uid: str) -> Row:
        """One folder; raises ApiError 404."""
        if (found := self.find(org_id, uid)) is None:
            raise ApiError(404, "folder not found", status="not-found")
        return found

    def by_id(self, org_id: int, folder_id: int) -> Row:
        """One folder; raises ApiError 404."""
        found = self._database.one("SELECT * FROM folders WHERE org_id = :org AND id = :id", org=org_id, id=folder_id)
        if found is None:
            raise ApiError(404, "folder not found", status="not-found")
        return found

    def titled(self, org_id: int, title: str, parent_uid: str | None = None) -> Row | None:
        """The first folder of a title in a parent, or None."""
        return self._database.one(
            "SELECT * FROM folders WHERE org_id = :org AND title = :title AND parent_uid IS :parent ORDER BY id",
            org=org_id,
            title=title,
            parent=parent_uid,
        )

    def list(self, org_id: int, parent_uid: str | None = None) -> list[Row]:
        """The folders in a parent, by title."""
        return self._database.all(
            "SELECT * FROM folders WHERE org_id = :org AND parent_uid IS :parent ORDER BY title, id",
            org=org_id,
            parent=parent_uid,
        )

    def every(self, org_id: int) -> list[Row]:
        """All folders, by title."""
        return self._database.all("SELECT * FROM folders WHERE org_id = :org ORDER BY title, id", org=org_id)

    def create(self, org_id: int, wanted: Mapping[str, Any], login: str) -> Row:
        """A new folder; raises ApiError 400, 404 for a parent that is not there, 409 for a uid that is taken."""
        uid, parent = checked_uid(wanted.get("uid")), wanted.get("parentUid") or None
        if parent is not None:
            self.get(org_id, parent)
        row = {"org": org_id, "uid": uid, "title": _title(wanted), "parent": parent, "at": now(), "login": login}
        try:
            self._database.insert(
                "INSERT INTO folders (org_id, uid, title, parent_uid, version, created, updated, created_by, updated_by)"
                " VALUES (:org, :uid, :title, :parent, 1, :at, :at, :login, :login)",
                row,
            )
        except sqlite3.IntegrityError:
            raise ApiError(409, "a folder with the same uid already exists in the current location") from None
        return self.get(org_id, uid)

    def update(self, org_id: int, uid: str, wanted: Mapping[str, Any], login: str) -> Row:
        """Change its title; raises ApiError 400, 404, 412 where another has changed it meanwhile."""
        folder = self.get(org_id, uid)
        if not wanted.get("overwrite") and wanted.get("version") != folder["version"]:
            raise ApiError(412, "the folder has been changed by someone else", status="version-mismatch")
        self._database.write(
            "UPDATE folders SET title = :title, version = version + 1, updated = :at, updated_by = :login WHERE id = :id",
            {"id": folder["id"], "title": _title(wanted), "at": now(), "login": login},
        )
        return self.get(org_id, uid)

    def move(self, org_id: int, uid: str, parent_uid: str | None, login: str) -> Row:
        """Put it into another folder, or to the root; raises ApiError 400 where that is itself or in it, 404."""
        folder, above = self.get(org_id, uid), parent_uid
        while above is not None:
            if above == uid:
                raise ApiError(400, "a folder can't be moved into itself or a folder within it")
            above = self.get(org_id, above)["parent_uid"]
        self._database.write(
            "UPDATE folders SET parent_uid = :parent, updated = :at, updated_by = :login WHERE id = :id",
            {"id": folder["id"], "parent": parent_uid, "at": now(), "login": login},
        )
        return self.get(org_id, uid)

    def delete(self, org_id: int, uid: str, *, with_rules: bool) -> Row:
        """Delete a folder with all in it; raises ApiError 404, 400 where it has alert rules and they are not to go too."""
        folder, gone = self.get(org_id, uid), [uid]
        for parent in gone:
            gone += [child["uid"] for child in self.list(org_id, parent)]
        with self._database.writing() as connection:
            for each in gone:
                where = {"org": org_id, "uid": each}
                rules = "FROM alert_rules WHERE org_id = :org AND folder_uid = :uid"
                if not with_rules and connection.execute(f"SELECT 1 {rules}", where).fetchone():
                    raise ApiError(
                        400, "Folder cannot be deleted: folder contains alert rules; set forceDeleteRules=true"
                    )
                connection.execute(f"DELETE {rules}", where)
                connection.execute("DELETE FROM dashboards WHERE org_id = :org AND folder_uid = :uid", where)
                connection.execute("DELETE FROM folders WHERE org_id = :org AND uid = :uid", where)
        return folder


def _title(wanted: Mapping[str, Any]) -> str:
    title = wanted.get("title")
    if not isinstance(title, str) or not title.strip():
        raise ApiError(400, "folder title cannot be empty", status="empty-name")
    return title.strip()
