"""Alert rules, contact points and policies out of files: alerting/*.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from obsiverse_lookout.alerting.rules import DEFAULT_INTERVAL, AlertRules
from obsiverse_lookout.documents import Documents
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.folders import Folders
from obsiverse_lookout.jsons import listing, mapping
from obsiverse_lookout.orgs import MAIN_ORG
from obsiverse_lookout.provisioning.files import BadFile, entries, expand, read_folder
from obsiverse_lookout.query.interval import duration

LOGIN, PROVENANCE = "provisioning", "file"
# What alerting files may hold that Lookout has no use for, since it notifies nobody.
KEYS = ("apiVersion", "groups", "deleteRules", "contactPoints", "policies")


def provision(folder: Path, rules: AlertRules, folders: Folders, documents: Documents) -> int:
    """Bring the database to what the files of a folder say; how many rules there are. Raises BadFile."""
    count = 0
    for path, raw in read_folder(folder):
        unknown = [key for key in raw if key not in KEYS]
        if unknown:
            raise BadFile(f"{path}: {', '.join(unknown)} is not known to Lookout; it reads {', '.join(KEYS)}")
        try:
            for each in entries(path, expand(raw, keep_unknown=True), "groups"):
                count += _group(each, rules, folders)
            for each in entries(path, raw, "deleteRules"):
                rules.delete(int(each.get("orgId") or MAIN_ORG), str(each.get("uid")), PROVENANCE)
            _documents(path, expand(raw), documents)
        except (ApiError, ValueError) as error:
            raise error if isinstance(error, BadFile) else BadFile(f"{path}: {error}") from None
    return count


def _group(group: dict[str, Any], rules: AlertRules, folders: Folders) -> int:
    org_id, title, name = int(group.get("orgId") or MAIN_ORG), group.get("folder"), group.get("name")
    if not title or not name:
        raise BadFile("a rule group needs a name and a folder")
    folder = folders.titled(org_id, str(title)) or folders.create(org_id, {"title": title}, LOGIN)
    every = group.get("interval")
    seconds = max(1, duration(str(every)) // 1000) if every else DEFAULT_INTERVAL
    given = [_rule(rule) for rule in listing(group.get("rules"))]
    rules.put_group(org_id, folder["uid"], str(name), {"interval": seconds, "rules": given}, PROVENANCE)
    return len(given)


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    made = dict(rule)
    if rule.get("dashboardUid"):
        annotations = dict(mapping(rule.get("annotations")))
        annotations |= {"__dashboardUid__": str(rule["dashboardUid"]), "__panelId__": str(rule.get("panelId") or "")}
        made["annotations"] = annotations
    return made


def _documents(path: Path, content: dict[str, Any], documents: Documents) -> None:
    for point in entries(path, content, "contactPoints"):
        for receiver in listing(point.get("receivers")):
            made: dict[str, Any] = {"settings": {}, **receiver, "name": point.get("name"), "provenance": PROVENANCE}
            if not receiver.get("uid") or not receiver.get("type"):
                raise BadFile(f"a receiver of the contact point {point.get('name')!r} needs a uid and a type")
            documents.put(int(point.get("orgId") or MAIN_ORG), "contact-point", str(receiver["uid"]), made)
    for tree in entries(path, content, "policies"):
        kept = {key: value for key, value in tree.items() if key != "orgId"}
        documents.put(int(tree.get("orgId") or MAIN_ORG), "policies", "policies", kept)
