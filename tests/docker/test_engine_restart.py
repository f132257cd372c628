"""The engine goes away under a running stack and comes back. Only where the engine is the tests' own: `scripts/test_docker.py` says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

pytestmark = pytest.mark.timeout(900)
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "docker" / "engine.sh"


def obsiverse(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    command = [sys.executable, "-m", "obsiverse", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture
def engine_folder() -> str:
    """Where the engine is."""
    folder = os.environ.get("OBSIVERSE_TEST_DOCKERD")
    if not folder:
        pytest.skip("the engine is not the tests' own, so it can't be stopped")
    return folder


def test_a_stack_outlives_its_engine(engine_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSIVERSE_STATE", str(tmp_path))
    monkeypatch.delenv("OBSIVERSE_ENGINE")
    up = obsiverse("up", "--engine", "docker")
    assert up.returncode == 0, up.stderr
    try:
        subprocess.run([SCRIPT, "stop", engine_folder], check=True)
        away = obsiverse("ps")
        assert away.returncode == 1
        assert "the Docker engine at unix:" in away.stderr
        assert "does not answer" in away.stderr
        subprocess.run([SCRIPT, "start", engine_folder], check=True)
        deadline = time.monotonic() + 120
        while not answers():
            assert time.monotonic() < deadline, obsiverse("ps").stdout
            time.sleep(1)
    finally:
        down = obsiverse("down", "-v")
    assert down.returncode == 0, down.stderr
    assert json.loads(obsiverse("ps", "--json").stdout) == []


def answers() -> bool:
    """Whether the endpoint does, with all its services healthy."""
    printed = obsiverse("ps", "--json")
    rows = json.loads(printed.stdout or "[]")
    if not any(row["kind"] == "task" and row["health"] == "healthy" for row in rows):
        return False
    if any(row["kind"] == "service" and row["name"] != "scenario" and row["health"] != "healthy" for row in rows):
        return False
    target = json.loads(obsiverse("env", "--json").stdout)
    runtime = boto3.client(
        "sagemaker-runtime",
        endpoint_url=target["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"],
        region_name=target["AWS_REGION"],
        aws_access_key_id=target["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="test",
    )
    row = ",".join(["1"] * 30)
    answer = runtime.invoke_endpoint(EndpointName="clinical", ContentType="text/csv", Body=row)
    return bool(json.loads(answer["Body"].read())["predictions"])
