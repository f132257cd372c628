"""Provisioning: what files say is there after the start, and dashboards follow their files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_lookout.provisioning.files import expand
from running import Lookout, eventually, free_address

SOURCES = """
apiVersion: 1
datasources:
  - name: amp
    uid: amp
    type: prometheus
    url: ${TEST_URL}/x
    isDefault: true
    jsonData: {timeInterval: 15s}
    secureJsonData: {basicAuthPassword: $TEST_PASSWORD}
"""
PROVIDERS = """
apiVersion: 1
providers:
  - name: obsiverse
    folder: obsiverse
    folderUid: obsiverse
    type: file
    updateIntervalSeconds: 1
    options: {path: "${GRAFANA_DASHBOARDS}"}
"""
RULES = """
apiVersion: 1
groups:
  - orgId: 1
    name: group
    folder: obsiverse
    interval: 30s
    rules:
      - uid: provisioned
        title: Provisioned
        condition: A
        data:
          - {refId: A, datasourceUid: amp, relativeTimeRange: {from: 60, to: 0}, model: {expr: "rate(x[$__rate_interval])", instant: true}}
        annotations: {summary: "{{ $labels.zone }} costs $$5 at ${TEST_URL}"}
contactPoints:
  - orgId: 1
    name: team
    receivers: [{uid: team, type: slack, settings: {url: $TEST_URL}}]
"""


class Files:
    """A folder of provisioning files and one of dashboards."""

    def __init__(self, folder: Path) -> None:
        self.provisioning, self.dashboards = folder / "provisioning", folder / "dashboards"
        self.dashboards.mkdir(parents=True)
        self.environment = {
            "LOOKOUT_PROVISIONING": str(self.provisioning),
            "GRAFANA_DASHBOARDS": str(self.dashboards),
            "TEST_URL": "http://127.0.0.1:9",
            "TEST_PASSWORD": "pa55",
        }

    def write(self, path: str, text: str) -> None:
        (self.provisioning / path).parent.mkdir(parents=True, exist_ok=True)
        (self.provisioning / path).write_text(text)

    def dashboard(self, name: str, **model: Any) -> None:
        (self.dashboards / name).parent.mkdir(parents=True, exist_ok=True)
        (self.dashboards / name).write_text(json.dumps(model))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path / "files")
    made.write("datasources/all.yaml", SOURCES)
    made.write("dashboards/all.yaml", PROVIDERS)
    made.write("alerting/all.yml", RULES)
    made.dashboard("one.json", uid="one", title="One", schemaVersion=41, tags=["obsiverse"])
    return made


def test_everything_is_there_after_the_start(files: Files, start: Callable[..., Lookout]) -> None:
    lookout = start(**files.environment)
    source = lookout.admin.get("/api/datasources/uid/amp").json()
    assert (source["url"], source["readOnly"], source["secureJsonFields"]) == (
        "http://127.0.0.1:9/x",
        True,
        {"basicAuthPassword": True},
    )
    assert lookout.admin.put("/api/datasources/uid/amp", json=source).status_code == 403
    assert lookout.admin.delete("/api/datasources/uid/amp").status_code == 403
    meta = lookout.anonymous.get("/api/dashboards/uid/one").json()["meta"]
    assert (meta["folderUid"], meta["provisioned"]) == ("obsiverse", True)
    rule = lookout.admin.get("/api/v1/provisioning/alert-rules/provisioned").json()
    # A query's and a template's own dollars stay; the environment's are replaced.
    assert rule["data"][0]["model"]["expr"] == "rate(x[$__rate_interval])"
    assert rule["annotations"]["summary"] == "{{ $labels.zone }} costs $5 at http://127.0.0.1:9"
    assert rule["provenance"] == "file"
    assert lookout.admin.delete("/api/v1/provisioning/alert-rules/provisioned").status_code == 409
    assert lookout.admin.get("/api/v1/provisioning/contact-points").json()[0]["settings"]["url"] == "http://127.0.0.1:9"


def test_provisioned_dashboard_is_changed_by_its_file_only(files: Files, start: Callable[..., Lookout]) -> None:
    lookout = start(**files.environment)
    dashboard = lookout.anonymous.get("/api/dashboards/uid/one").json()["dashboard"]
    refused = lookout.save(dashboard, overwrite=True)
    assert refused.status_code == 400
    assert "one.json" in refused.json()["message"]
    assert lookout.admin.delete("/api/dashboards/uid/one").status_code == 400

    files.dashboard("one.json", uid="one", title="One, changed", schemaVersion=41)
    files.dashboard("two.json", uid="two", title="Two", schemaVersion=41)
    (files.dashboards / "bad.json").write_text("{")
    files.dashboard("v2.json", apiVersion="dashboard.grafana.app/v2beta1", spec={})

    def titles() -> list[str]:
        return [each["title"] for each in lookout.anonymous.get("/api/search", params={"type": "dash-db"}).json()]

    eventually(lambda: titles() == ["One, changed", "Two"])
    (files.dashboards / "two.json").unlink()
    eventually(lambda: titles() == ["One, changed"])


def test_second_start_changes_nothing_that_is_the_same(files: Files, start: Callable[..., Lookout]) -> None:
    lookout = start(**files.environment)
    lookout.restart()
    assert lookout.anonymous.get("/api/dashboards/uid/one").json()["dashboard"]["version"] == 1
    assert len(lookout.admin.get("/api/datasources").json()) == 1
    assert len(lookout.admin.get("/api/v1/provisioning/alert-rules").json()) == 1


def test_dashboard_whose_file_went_while_it_was_down_goes(files: Files, start: Callable[..., Lookout]) -> None:
    lookout = start(**files.environment)
    lookout.process.kill()
    lookout.process.wait()
    (files.dashboards / "one.json").unlink()
    lookout.process = lookout.start()
    assert lookout.anonymous.get("/api/dashboards/uid/one").status_code == 404


def test_folders_come_from_the_files_folders(files: Files, start: Callable[..., Lookout]) -> None:
    lines = [line for line in PROVIDERS.splitlines() if "folder" not in line]
    structured = "\n".join(lines).replace("options: {", "options: {foldersFromFilesStructure: true, ")
    files.write("dashboards/all.yaml", structured)
    files.dashboard("team/inner/deep.json", uid="deep", title="Deep")
    lookout = start(**files.environment)
    meta = lookout.anonymous.get("/api/dashboards/uid/deep").json()["meta"]
    assert meta["folderTitle"] == "inner"
    inner = lookout.anonymous.get(f"/api/folders/{meta['folderUid']}").json()
    assert lookout.anonymous.get(f"/api/folders/{inner['parentUid']}").json()["title"] == "team"
    assert lookout.anonymous.get("/api/dashboards/uid/one").json()["meta"]["folderUid"] == ""


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("datasources/bad.yaml", "datasources: [", "can't be read"),
        ("datasources/bad.yaml", "[]", "is not a mapping"),
        ("datasources/bad.yaml", "datasources: {}\ndeleteDatasources: x", "deleteDatasources"),
        ("datasources/bad.yaml", "datasources: [{name: x, type: loki}]", "loki"),
        ("dashboards/bad.yaml", "providers: [{name: x, options: {path: $NOT_SET}}]", "options.path"),
        ("dashboards/bad.yaml", "providers: [{name: x, type: url}]", "type"),
        ("alerting/bad.yaml", "muteTimes: []", "muteTimes"),
        ("alerting/bad.yaml", "groups: [{name: x, folder: y, rules: [{title: z}]}]", "data"),
    ],
)
def test_bad_file_stops_the_start_and_is_named(files: Files, tmp_path: Path, path: str, text: str, said: str) -> None:
    files.write(path, text)
    environment = {"LOOKOUT_LISTEN": free_address(), "LOOKOUT_DATA": str(tmp_path / "data"), **files.environment}
    done = subprocess.run(
        [sys.executable, "-m", "obsiverse_lookout"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "bad.yaml" in done.stderr
    assert said in done.stderr


def test_variables(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from file\n")
    known = {"A": "1", "B_2": "2"}
    text = "$A ${B_2} $__env{A} $$A $NONE. $__file{%s}" % (tmp_path / "secret")
    assert expand({"k": [text, 5, None]}, environment=known) == {"k": ["1 2 1 $A . from file", 5, None]}
    assert expand("$A $NONE ${NONE}", environment=known, keep_unknown=True) == "1 $NONE ${NONE}"


@given(st.text())
def test_text_without_a_dollar_stays(text: str) -> None:
    if "$" not in text:
        assert expand(text, environment={}) == text
