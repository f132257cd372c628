"""grafana-client makes the calls of a promotion as it makes them against Grafana."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from running import ROOT, Lookout, from_checkout

CLIENT = Path(__file__).parent / "client"


@pytest.fixture(scope="session")
def client_python() -> Path:
    """The interpreter of an environment with grafana-client, made from its lock once."""
    lock = CLIENT / "requirements.lock"
    venv = ROOT / ".obsiverse" / "venvs" / "grafana-client"
    stamp, made_from = venv / ".made-from", hashlib.sha256(lock.read_bytes()).hexdigest()
    interpreter = venv / "bin" / "python"
    if not stamp.is_file() or stamp.read_text() != made_from:
        uv = from_checkout(
            "from obsiverse.components import ComponentSettings; from obsiverse.components.uv import find_uv;"
            "print(find_uv(ComponentSettings()))"
        )
        environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
        for arguments in (
            ["venv", "--clear", "--python", "3.13", venv],
            ["pip", "install", "--python", interpreter, "--require-hashes", "-r", lock],
        ):
            done = subprocess.run(
                [uv, "--quiet", *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
        stamp.write_text(made_from)
    return interpreter


def test_promotions_calls_hold(lookout: Lookout, prometheus: str, client_python: Path) -> None:
    environment = os.environ | {
        "GRAFANA_URL": lookout.url,
        "GRAFANA_PASSWORD": lookout.password,
        "PROMETHEUS_URL": prometheus,
    }
    done = subprocess.run(
        [client_python, CLIENT / "calls.py"], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
