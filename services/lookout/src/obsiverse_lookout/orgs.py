"""Organisations: each a world of its own. A workspace of Managed Grafana is one."""

from __future__ import annotations

import sqlite3

from obsiverse_lookout.database import Database, Row
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.names import now

MAIN_ORG = 1


class Orgs:
    """The organisations in a database; makes the main one where it is missing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        if self.find(MAIN_ORG) is None:
            at = now()
            database.insert(
                "INSERT INTO orgs VALUES (:id, 'Main Org.', :at, :at)",
                {"id": MAIN_ORG, "at": at},
            )

    def find(self, org_id: int) -> Row | None:
        """One organisation, or None."""
        return self._database.one("SELECT * FROM orgs WHERE id = :id", id=org_id)

    def get(self, org_id: int) -> Row:
        """One organisation; raises ApiError 404."""
        if (found := self.find(org_id)) is None:
            raise ApiError(404, "Organization not found")
        return found

    def named(self, name: str) -> Row:
        """The organisation of a name; raises ApiError 404."""
        if (found := self._database.one("SELECT * FROM orgs WHERE name = :name", name=name)) is None:
            raise ApiError(404, "Organization not found")
        return found

    def list(self, query: str = "") -> list[Row]:
        """All, or those whose name contains a text."""
        return self._database.all(
            "SELECT * FROM orgs WHERE instr(lower(name), lower(:query)) ORDER BY name", query=query
        )

    def create(self, name: str) -> int:
        """A new one's id; raises ApiError 400 without a name, 409 for one that is taken."""
        if not name.strip():
            raise ApiError(400, "bad request data: name is missing")
        try:
            return self._database.insert(
                "INSERT INTO orgs (name, created, updated) VALUES (:name, :at, :at)", {"name": name, "at": now()}
            )
        except sqlite3.IntegrityError:
            raise ApiError(409, "Organization name taken") from None

    def rename(self, org_id: int, name: str) -> None:
        """Give it another name; raises ApiError 404, 400 without a name, 409 for one that is taken."""
        self.get(org_id)
        if not name.strip():
            raise ApiError(400, "bad request data: name is missing")
        try:
            self._database.write(
                "UPDATE orgs SET name = :name, updated = :at WHERE id = :id", {"id": org_id, "name": name, "at": now()}
            )
        except sqlite3.IntegrityError:
            raise ApiError(409, "Organization name taken") from None

    def delete(self, org_id: int) -> None:
        """Delete it with all that is its; raises ApiError 404, 400 for the main one, where viewers are."""
        if org_id == MAIN_ORG:
            raise ApiError(400, "Can not delete org for current user: the main organisation stays")
        self.get(org_id)
        self._database.write("DELETE FROM orgs WHERE id = :id", {"id": org_id})
