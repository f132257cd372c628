"""Dashboards out of files: dashboards/*.yaml say where, the JSON files there what; read again when they change."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from obsiverse_lookout.dashboards import Dashboards
from obsiverse_lookout.dashboards import Provider as Author
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.folders import Folders
from obsiverse_lookout.jsons import mapping
from obsiverse_lookout.orgs import MAIN_ORG
from obsiverse_lookout.provisioning.files import BadFile, entries, expand, read_folder

log = structlog.get_logger(__name__)
LOGIN = "provisioning"
DEFAULT_SECONDS = 10


@dataclass
class Provider:
    """A folder of dashboards.

    Attributes:
        seconds: how often it is looked through.
        seen: the files with their times and sizes, as they were last read.
        dashboards: which dashboard each file made.
    """

    name: str
    org_id: int
    path: Path
    folder: str
    folder_uid: str
    folders_from_files: bool
    keeps: bool
    editable: bool
    seconds: float
    seen: dict[Path, tuple[int, int]] = field(default_factory=dict[Path, tuple[int, int]])
    dashboards: dict[Path, str] = field(default_factory=dict[Path, str])


def read_providers(folder: Path) -> list[Provider]:
    """The providers in the files of a folder; raises BadFile."""
    return [
        _provider(path, each) for path, raw in read_folder(folder) for each in entries(path, expand(raw), "providers")
    ]


def _provider(file: Path, each: dict[str, Any]) -> Provider:
    name, options = each.get("name"), mapping(each.get("options"))
    if not name:
        raise BadFile(f"{file}: a provider has no name")
    if each.get("type", "file") != "file":
        raise BadFile(f"{file}: provider {name!r} is of type {each['type']!r}; there is only file")
    path = options.get("path") or options.get("folder")
    if not path:
        raise BadFile(f"{file}: provider {name!r} has no options.path, or the variable that it names is not set")
    from_files = bool(options.get("foldersFromFilesStructure"))
    if from_files and each.get("folder"):
        raise BadFile(f"{file}: provider {name!r} has both folder and foldersFromFilesStructure; leave out one")
    return Provider(
        str(name),
        int(each.get("orgId") or MAIN_ORG),
        Path(path),
        str(each.get("folder") or ""),
        str(each.get("folderUid") or ""),
        from_files,
        bool(each.get("disableDeletion")),
        bool(each.get("allowUiUpdates")),
        max(1.0, float(each.get("updateIntervalSeconds") or DEFAULT_SECONDS)),
    )


class ProvisionedDashboards:
    """Brings the database to what the files of providers say."""

    def __init__(self, dashboards: Dashboards, folders: Folders) -> None:
        self._dashboards = dashboards
        self._folders = folders

    def refresh(self, provider: Provider) -> None:
        """Read the files that are new or changed, and forget those that are gone; a bad file is told in the log and left out."""
        found = _files(provider.path)
        if not provider.seen:
            self._dashboards.set_editable(provider.org_id, provider.name, editable=provider.editable)
        for path, stamp in found.items():
            if provider.seen.get(path) != stamp:
                provider.seen[path] = stamp
                self._read(provider, path)
        self._forget(provider, found)

    def _read(self, provider: Provider, path: Path) -> None:
        try:
            model = json.loads(path.read_text())
        except (OSError, ValueError, RecursionError) as error:
            log.warning("a dashboard can't be read", file=str(path), error=str(error))
            return
        body = {"dashboard": model, "folderUid": self._folder(provider, path), "overwrite": True}
        try:
            if self._is_same(provider, model):
                provider.dashboards[path] = str(model["uid"])
                return
            saved = self._dashboards.save(provider.org_id, body, LOGIN, Author(provider.name, str(path)))
        except ApiError as error:
            log.warning("a dashboard can't be used", file=str(path), error=str(error))
            return
        provider.dashboards[path] = saved["uid"]

    def _is_same(self, provider: Provider, model: Any) -> bool:
        """A dashboard that is as it was gets no new version at each start."""
        try:
            kept = self._dashboards.get(provider.org_id, str(mapping(model).get("uid")))
        except ApiError:
            return False
        plain = {key: value for key, value in mapping(model).items() if key not in ("id", "uid", "version")}
        return kept["provider"] == provider.name and kept["model"] == plain

    def _folder(self, provider: Provider, path: Path) -> str:
        if provider.folders_from_files:
            uid: str | None = None
            for part in path.relative_to(provider.path).parent.parts:
                uid = self._make(provider.org_id, part, uid, "")
            return uid or ""
        return self._make(provider.org_id, provider.folder, None, provider.folder_uid) if provider.folder else ""

    def _make(self, org_id: int, title: str, parent: str | None, uid: str) -> str:
        known = self._folders.find(org_id, uid) if uid else self._folders.titled(org_id, title, parent)
        if known is None:
            known = self._folders.create(org_id, {"title": title, "parentUid": parent, "uid": uid}, LOGIN)
        return known["uid"]

    def _forget(self, provider: Provider, found: dict[Path, tuple[int, int]]) -> None:
        for path in set(provider.seen) - set(found):
            del provider.seen[path]
            provider.dashboards.pop(path, None)
        if provider.keeps:
            return
        made = set(provider.dashboards.values())
        for dashboard in self._dashboards.list(provider.org_id):
            # Of an earlier run too: what no file makes any more goes.
            if (
                dashboard["provider"] == provider.name
                and dashboard["uid"] not in made
                and not Path(dashboard["file"]).exists()
            ):
                self._dashboards.delete(provider.org_id, dashboard["uid"], provisioned=True)


def _files(folder: Path) -> dict[Path, tuple[int, int]]:
    found: dict[Path, tuple[int, int]] = {}
    for path in sorted(folder.rglob("*.json")):
        try:
            stat = path.stat()
        except OSError:
            # It went while the folder was looked through.
            continue
        found[path] = (stat.st_mtime_ns, stat.st_size)
    return found
