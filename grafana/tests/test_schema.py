"""The JSON is what Grafana's own schemas allow.

The types of Grafana's Foundation SDK are generated from these schemas; its Go half can read strictly, which the Python half can't: a
field that is unknown or of another type is an error (../schema). The SDK's Python types find unknown fields, without Go.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.models.dashboard import Dashboard
from obsiverse_dashboards.document import panels, to_plain

from .conftest import FILES, GRAFANA

# The first build of the SDK takes a minute or two on two cores.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that reads strictly."""
    if not shutil.which("go"):
        pytest.skip("there is no Go; install it, or look at CI's result")
    made = tmp_path_factory.mktemp("schema") / "check"
    command = ["go", "build", "-mod=readonly", "-buildvcs=false", "-o", made, "."]
    done = subprocess.run(command, cwd=GRAFANA / "schema", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return made


def _check(checker: Path, *files: Path) -> tuple[int, str]:
    done = subprocess.run([checker, *files], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_dashboards_and_alert_rules_keep_to_the_schemas(checker: Path):
    assert _check(checker, *FILES, *(GRAFANA / "alerts").glob("*.json")) == (0, "")


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ('"expr":', '"exprs":', "unexpected field 'exprs'"),
        ('"type": "timeseries"', '"kind": "timeseries"', "discriminator field 'type' not found"),
        ('"showLegend": true', '"showLegend": "yes"', "cannot unmarshal string into Go value of type bool"),
        ('"gridPos": {', '"gridPos": {"w": 25, "h": 1, "x": 0, "y": 0}, "was": {', "unexpected field 'was'"),
        ('"reduceOptions"', '"reduce"', "unexpected field 'reduce'"),
    ],
)
def test_what_the_schemas_do_not_allow_is_refused(checker: Path, tmp_path: Path, wrong: str, right: str, said: str):
    text = (GRAFANA / "dashboards" / "obsiverse-endpoint.json").read_text()
    assert wrong in text
    file = tmp_path / "changed.json"
    file.write_text(text.replace(wrong, right))
    status, problems = _check(checker, file)
    assert status == 1
    assert said in problems


def test_the_sdk_knows_every_field(document: dict[str, Any]):
    again = to_plain(Dashboard.from_json(json.loads(json.dumps(document))))
    for panel, same in zip(panels(document), panels(again), strict=True):
        assert _lost(panel, same) == [], panel["title"]


def _lost(before: Any, after: Any, at: str = "") -> list[str]:
    """Paths of members that did not come back."""
    if isinstance(before, dict):
        missing = [f"{at}.{name}" for name in before if not isinstance(after, dict) or name not in after]
        both = [name for name in before if f"{at}.{name}" not in missing]
        return missing + [path for name in both for path in _lost(before[name], after[name], f"{at}.{name}")]
    if isinstance(before, list):
        pairs = enumerate(zip(before, after, strict=False))
        return [path for n, (one, other) in pairs for path in _lost(one, other, f"{at}[{n}]")]
    return []
