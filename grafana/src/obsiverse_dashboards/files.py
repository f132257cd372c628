"""Everything that is written, by its path under grafana/."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from obsiverse_dashboards import alert_rules
from obsiverse_dashboards.dashboards import ALL
from obsiverse_dashboards.document import dashboard_json, to_plain

FOLDER = Path(__file__).resolve().parents[2]
"""grafana/ of the checkout."""
WRITTEN = "# Written by `python -m obsiverse_dashboards` from alert_rules.py: change it there.\n"


def files() -> dict[str, str]:
    """Path under grafana/ to its text.

    dashboards/UID.json; provisioning/alerting/rules.yaml, which Grafana reads; alerts/GROUP.json, the body of
    PUT /api/v1/provisioning/folder/FOLDER/rule-groups/GROUP, for a Grafana that reads no files.
    """
    found: dict[str, str] = {}
    for make in ALL:
        dashboard = make()
        found[f"dashboards/{dashboard.uid}.json"] = dashboard_json(dashboard)
    for group in alert_rules.groups():
        found[f"alerts/{group.title}.json"] = json.dumps(to_plain(group), indent=2, ensure_ascii=False) + "\n"
    found["provisioning/alerting/rules.yaml"] = WRITTEN + _yaml(alert_rules.provisioning())
    return found


def stale(folder: Path = FOLDER) -> list[str]:
    """Paths whose text on the disk is another, or that are missing, or that nothing writes any more."""
    wanted = files()
    changed = [path for path, text in wanted.items() if not _is(folder / path, text)]
    kept = [*folder.glob("dashboards/*.json"), *folder.glob("alerts/*.json")]
    gone = [path for path in (str(file.relative_to(folder)) for file in kept) if path not in wanted]
    return sorted(changed + gone)


def write(folder: Path = FOLDER) -> list[str]:
    """Write what changed and delete what nothing writes any more; the paths of both."""
    wanted = files()
    changed = stale(folder)
    for path in changed:
        if path in wanted:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(wanted[path], encoding="utf-8")
        else:
            (folder / path).unlink()
    return changed


def _is(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text


def _yaml(document: object) -> str:
    yaml: Any = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    yaml.dump(document, text)
    return text.getvalue()
