"""A token of Managed Grafana in the hands of grafana-client, as scripts of promotion have it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from platform_under_test import ROOT

LOCK = ROOT / "services" / "lookout" / "tests" / "client" / "requirements.lock"
PROGRAM = Path(__file__).with_name("grafana_client_program.py")
FIND_UV = """
from obsiverse.components import ComponentSettings
from obsiverse.components.uv import find_uv
print(find_uv(ComponentSettings()))
"""
ACCOUNT = "550000000001"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with grafana-client."""
    found = subprocess.run(
        [ROOT / ".venv/bin/python", "-c", FIND_UV], cwd=ROOT, check=True, capture_output=True, text=True
    )
    venv = tmp_path_factory.mktemp("client") / "venv"
    python = venv / "bin" / "python"
    for arguments in (
        ["venv", "--python", "3.13", venv],
        ["pip", "install", "--python", python, "--require-hashes", "-r", LOCK],
    ):
        # Not from here: this service's packages are of an earlier day.
        command = [found.stdout.strip(), "--quiet", *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return python


def run(client: Path, address: str, token: str) -> dict[str, Any]:
    done = subprocess.run(
        [client, PROGRAM, f"http://{address}", token], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_editors_token_makes_a_folder_and_a_dashboard_in_its_workspace_only(graphed, client):
    first, second = (graphed.workspace(ACCOUNT) for _ in range(2))
    grafana = graphed.grafana(ACCOUNT)
    for workspace in (first, second):
        endpoint = grafana.describe_workspace(workspaceId=workspace)["workspace"]["endpoint"]
        found = run(client, endpoint, graphed.token(ACCOUNT, workspace, "EDITOR"))
        # The second makes the same, and meets nothing of the first's.
        assert found.pop("organisation").startswith(workspace)
        assert found == {"folder": "Models", "title": "Latency", "listed": ["latency"]}


def test_a_viewers_token_makes_nothing(graphed, client):
    account = "550000000002"
    workspace = graphed.workspace(account)
    assert run(client, graphed.address, graphed.token(account, workspace, "VIEWER")) == {"status": 403}
