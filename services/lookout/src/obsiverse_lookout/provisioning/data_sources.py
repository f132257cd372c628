"""Data sources out of files: datasources/*.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from obsiverse_lookout.data_sources import DataSources
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.orgs import MAIN_ORG
from obsiverse_lookout.provisioning.files import BadFile, entries, expand, read_folder


def provision(folder: Path, sources: DataSources) -> int:
    """Bring the database to what the files of a folder say; how many there are. Raises BadFile."""
    count = 0
    for path, raw in read_folder(folder):
        content = expand(raw)
        for each in entries(path, content, "deleteDatasources"):
            gone = sources.find(int(each.get("orgId") or MAIN_ORG), name=str(each.get("name")))
            if gone is not None:
                sources.delete(gone, provisioned=True)
        for each in entries(path, content, "datasources"):
            try:
                _put(sources, each)
            except ApiError as error:
                raise BadFile(f"{path}: data source {each.get('name')!r}: {error}") from None
            count += 1
    return count


def _put(sources: DataSources, each: dict[str, Any]) -> None:
    org_id = int(each.get("orgId") or MAIN_ORG)
    current = sources.find(org_id, name=str(each.get("name"))) or (
        sources.find(org_id, uid=str(each["uid"])) if each.get("uid") else None
    )
    read_only = not each.get("editable")
    if current is None:
        sources.create(org_id, each, read_only=read_only)
    else:
        sources.update(current, each, provisioned=True, read_only=read_only)
