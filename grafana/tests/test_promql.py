"""Expressions can be evaluated, and name series that somebody exports."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from obsiverse_dashboards import alert_rules
from ruamel.yaml import YAML

from .conftest import GRAFANA, ROOT
from .walk import concrete, expressions

YAML_FILE = YAML(typ="safe")
WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
# What can stand where a series' name can.
SYNTAX = {"by", "on", "or", "and", "unless", "without", "group_left", "group_right", "ignoring", "offset", "bool"}


def known() -> set[str]:
    """Series that are exported (series.yaml), recorded by prometheus/rules, or Prometheus's own."""
    exporters: dict[str, list[str]] = YAML_FILE.load(GRAFANA / "series.yaml")
    names = {name for found in exporters.values() for name in found}
    for file in (ROOT / "prometheus" / "rules").glob("*.yml"):
        names |= {
            rule["record"] for group in YAML_FILE.load(file)["groups"] for rule in group["rules"] if "record" in rule
        }
    return names | {"ALERTS", "up", "target_info"}


def series(expression: str) -> set[str]:
    """The names of series in an expression: words that are no function, no label and no syntax."""
    bare = re.sub(r'"(\\.|[^"\\])*"', '""', concrete(expression))
    bare = re.sub(r"\{[^{}]*\}|\[[^\[\]]*\]", "", bare)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^()]*\)", "", bare)
    bare = re.sub(r"\boffset\s+\w+", "", bare)
    return {word for word in WORD.findall(bare) if word not in SYNTAX and not re.search(rf"{word}\s*\(", bare)}


def test_names_of_series_are_found_among_functions_and_labels():
    assert series(
        'histogram_quantile(0.9, sum by (le) (rate(a_bucket{b=~"c|$d"}[$interval]))) / on (e) group_left (f) g offset 2m'
    ) == {
        "a_bucket",
        "g",
    }


def test_every_series_is_known(documents: list[dict[str, Any]]):
    names = known()
    found = {where: series(text) - names for document in documents for where, text in expressions(document)}
    found |= {alert.uid: series(alert.expr) - names for alert in (*alert_rules.ENDPOINT, *alert_rules.PLATFORM)}
    assert {where: unknown for where, unknown in found.items() if unknown} == {}


def test_no_series_is_listed_that_no_dashboard_uses(documents: list[dict[str, Any]]):
    used = {name for document in documents for _, text in expressions(document) for name in series(text)}
    listed = {name for found in YAML_FILE.load(GRAFANA / "series.yaml").values() for name in found}
    assert listed <= used | {name for alert in alert_rules.PLATFORM for name in series(alert.expr)}


def test_every_expression_parses(documents: list[dict[str, Any]], promtool: str, tmp_path: Path):
    found = [one for document in documents for one in expressions(document)]
    found += [(alert.uid, alert.expr) for alert in (*alert_rules.ENDPOINT, *alert_rules.PLATFORM)]
    rules = [
        {"record": f"r{n}", "expr": concrete(text), "labels": {"at": where}} for n, (where, text) in enumerate(found)
    ]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_expression_that_does_not_parse_is_noticed(promtool: str, tmp_path: Path):
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "x", "rules": [{"record": "r", "expr": "sum(rate(a[5m])"}]}]}))
    assert subprocess.run([promtool, "check", "rules", file], capture_output=True, timeout=60, check=False).returncode
