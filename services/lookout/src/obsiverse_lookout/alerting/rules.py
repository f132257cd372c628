"""The alert rules that are kept, in groups in folders."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, cast

from obsiverse_lookout.alerting.rule import Rule, checked_model, checked_title, of_row
from obsiverse_lookout.database import Database
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.folders import Folders
from obsiverse_lookout.names import checked_uid, now

DEFAULT_INTERVAL = 60
# The scheduler's own: how often it looks.
SHORTEST_INTERVAL = 1
ORDER = "ORDER BY org_id, folder_uid, rule_group, position, id"


class AlertRules:
    """The rules in a database."""

    def __init__(self, database: Database, folders: Folders) -> None:
        self._database = database
        self._folders = folders

    def all(self) -> list[Rule]:
        """Every organisation's, by group."""
        return self._rules(f"SELECT * FROM alert_rules {ORDER}")  # noqa: S608 - ORDER is ours

    def list(self, org_id: int) -> list[Rule]:
        """An organisation's, by group."""
        return self._rules(f"SELECT * FROM alert_rules WHERE org_id = :org {ORDER}", org=org_id)  # noqa: S608

    def group(self, org_id: int, folder_uid: str, name: str) -> list[Rule]:
        """A group's."""
        statement = (
            f"SELECT * FROM alert_rules WHERE org_id = :org AND folder_uid = :folder AND rule_group = :name {ORDER}"  # noqa: S608
        )
        return self._rules(statement, org=org_id, folder=folder_uid, name=name)

    def get(self, org_id: int, uid: str) -> Rule:
        """One; raises ApiError 404."""
        found = self._rules("SELECT * FROM alert_rules WHERE org_id = :org AND uid = :uid", org=org_id, uid=uid)
        if not found:
            raise ApiError(404, "alert rule not found")
        return found[0]

    def create(self, org_id: int, wanted: Mapping[str, Any], provenance: str) -> Rule:
        """A new one; raises ApiError 400, 409 for a uid that is taken."""
        uid, folder, group = checked_uid(wanted.get("uid")), self._folder(org_id, wanted), _group(wanted)
        beside = self.group(org_id, folder, group)
        row = {
            "org": org_id,
            "uid": uid,
            "folder": folder,
            "group": group,
            "position": len(beside),
            "interval": beside[0].interval if beside else DEFAULT_INTERVAL,
            "title": checked_title(wanted),
            "at": now(),
            "provenance": provenance,
            "model": json.dumps(checked_model(wanted)),
        }
        try:
            self._database.insert(INSERT, row)
        except sqlite3.IntegrityError:
            raise ApiError(409, f"an alert rule with the uid {uid} already exists") from None
        return self.get(org_id, uid)

    def update(self, org_id: int, uid: str, wanted: Mapping[str, Any], provenance: str) -> Rule:
        """Replace one; raises ApiError 400, 404, 409 where it comes from a file."""
        current = self.get(org_id, uid)
        _may_change(current, provenance)
        folder, group = self._folder(org_id, wanted), _group(wanted)
        beside = self.group(org_id, folder, group)
        row = {
            "id": current.id,
            "folder": folder,
            "group": group,
            "interval": beside[0].interval if beside else DEFAULT_INTERVAL,
            "title": checked_title(wanted),
            "at": now(),
            "provenance": provenance,
            "model": json.dumps(checked_model(wanted)),
        }
        self._database.write(
            "UPDATE alert_rules SET folder_uid = :folder, rule_group = :group, interval = :interval, title = :title,"
            " updated = :at, provenance = :provenance, model = :model WHERE id = :id",
            row,
        )
        return self.get(org_id, uid)

    def delete(self, org_id: int, uid: str, provenance: str) -> None:
        """Delete one; one that is not there is no error, as in Grafana. Raises ApiError 409 where it comes from a file."""
        found = [rule for rule in self.list(org_id) if rule.uid == uid]
        for rule in found:
            _may_change(rule, provenance)
            self._database.write("DELETE FROM alert_rules WHERE id = :id", {"id": rule.id})

    def put_group(
        self, org_id: int, folder_uid: str, name: str, wanted: Mapping[str, Any], provenance: str
    ) -> list[Rule]:
        """Make a group what is wanted: its interval and its rules, no others; raises ApiError 400, 409."""
        given, interval = wanted.get("rules"), wanted.get("interval") or DEFAULT_INTERVAL
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in cast("list[object]", given)):
            raise ApiError(400, "bad request data: rules is not a list of objects")
        if not isinstance(interval, int) or isinstance(interval, bool) or interval < SHORTEST_INTERVAL:
            raise ApiError(400, "bad request data: interval is a whole number of seconds, at least 1")
        folder = self._folder(org_id, {"folderUID": folder_uid})
        for rule in self.group(org_id, folder, name):
            _may_change(rule, provenance)
        rows: list[dict[str, Any]] = []
        for position, rule in enumerate(cast("list[dict[str, Any]]", given)):
            rows.append(
                {
                    "org": org_id,
                    "uid": checked_uid(rule.get("uid")),
                    "folder": folder,
                    "group": name,
                    "position": position,
                    "interval": interval,
                    "title": checked_title(rule),
                    "at": now(),
                    "provenance": provenance,
                    "model": json.dumps(checked_model(rule)),
                }
            )
        self._replace(org_id, folder, name, rows)
        return self.group(org_id, folder, name)

    def _replace(self, org_id: int, folder: str, name: str, rows: list[dict[str, Any]]) -> None:
        try:
            with self._database.writing() as connection:
                # A rule that is the same keeps its time, and with it the state of its alerts.
                before = {
                    row["uid"]: row
                    for row in connection.execute("SELECT * FROM alert_rules WHERE org_id = :org", {"org": org_id})
                }
                connection.execute(
                    "DELETE FROM alert_rules WHERE org_id = :org AND folder_uid = :folder AND rule_group = :group",
                    {"org": org_id, "folder": folder, "group": name},
                )
                for row in rows:
                    old = before.get(row["uid"])
                    if old and (old["model"], old["title"], old["interval"]) == (
                        row["model"],
                        row["title"],
                        row["interval"],
                    ):
                        row["at"] = old["updated"]
                    connection.execute(INSERT, row)
        except sqlite3.IntegrityError:
            raise ApiError(409, "two alert rules have the same uid; each has its own, in all groups") from None

    def delete_group(self, org_id: int, folder_uid: str, name: str, provenance: str) -> None:
        """Delete a group; raises ApiError 404, 409."""
        rules = self.group(org_id, folder_uid, name)
        if not rules:
            raise ApiError(404, "rule group not found")
        for rule in rules:
            _may_change(rule, provenance)
        self._replace(org_id, folder_uid, name, [])

    def _folder(self, org_id: int, wanted: Mapping[str, Any]) -> str:
        uid = wanted.get("folderUID")
        if not uid or self._folders.find(org_id, str(uid)) is None:
            raise ApiError(400, f"invalid alert rule: there is no folder {uid!r}; name one as folderUID")
        return str(uid)

    def _rules(self, statement: str, **parameters: Any) -> list[Rule]:
        return [of_row(row, json.loads(row["model"])) for row in self._database.all(statement, **parameters)]


INSERT = (
    "INSERT INTO alert_rules (org_id, uid, folder_uid, rule_group, position, interval, title, updated, provenance, model)"
    " VALUES (:org, :uid, :folder, :group, :position, :interval, :title, :at, :provenance, :model)"
)


def _group(wanted: Mapping[str, Any]) -> str:
    name = wanted.get("ruleGroup")
    if not isinstance(name, str) or not name.strip():
        raise ApiError(400, "invalid alert rule: ruleGroup is empty")
    return name


def _may_change(rule: Rule, provenance: str) -> None:
    if rule.provenance == "file" and provenance != "file":
        raise ApiError(409, f"alert rule {rule.uid} comes from a provisioning file; change that")
