"""Objects that are kept and given back as they came: contact points and notification policies.

Lookout sends no notifications; it keeps these so that a promotion finds what it has put there.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from obsiverse_lookout.database import Database
from obsiverse_lookout.errors import ApiError

Kind = Literal["contact-point", "policies"]


class Documents:
    """The documents in a database, by kind and name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, org_id: int, kind: Kind) -> list[dict[str, Any]]:
        """All of a kind, by name."""
        rows = self._database.all(
            "SELECT body FROM documents WHERE org_id = :org AND kind = :kind ORDER BY name", org=org_id, kind=kind
        )
        return [json.loads(row["body"]) for row in rows]

    def find(self, org_id: int, kind: Kind, name: str) -> dict[str, Any] | None:
        """One, or None."""
        row = self._database.one(
            "SELECT body FROM documents WHERE org_id = :org AND kind = :kind AND name = :name",
            org=org_id,
            kind=kind,
            name=name,
        )
        return json.loads(row["body"]) if row else None

    def put(self, org_id: int, kind: Kind, name: str, body: dict[str, Any]) -> None:
        """Keep one, in place of one of its name."""
        self._database.write(
            "INSERT OR REPLACE INTO documents VALUES (:org, :kind, :name, :body)",
            {"org": org_id, "kind": kind, "name": name, "body": json.dumps(body)},
        )

    def delete(self, org_id: int, kind: Kind, name: str) -> None:
        """Delete one; raises ApiError 404."""
        if not self._database.write(
            "DELETE FROM documents WHERE org_id = :org AND kind = :kind AND name = :name",
            {"org": org_id, "kind": kind, "name": name},
        ):
            raise ApiError(404, f"{kind.replace('-', ' ')} {name} not found")
