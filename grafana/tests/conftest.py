"""The checked-in dashboards, and the programs that read what is in them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

GRAFANA = Path(__file__).resolve().parents[1]
ROOT = GRAFANA.parent
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each dashboard, as it is checked in."""
    return json.loads(request.param.read_text())


@pytest.fixture(scope="session")
def documents() -> list[dict[str, Any]]:
    """All dashboards."""
    return [json.loads(file.read_text()) for file in FILES]


@pytest.fixture(scope="session")
def promtool() -> str:
    """Prometheus's checker, as the platform gets it; skips where it is not there and would have to be got."""
    source = (
        "from obsiverse.components import explain, get\n"
        "print(get('promtool').path if explain('promtool').ok is True else '')"
    )
    found = subprocess.run(
        [ROOT / ".venv" / "bin" / "python", "-c", source], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
    if not found:
        pytest.skip("promtool is not there yet; `python -m obsiverse.components get promtool` gets it")
    return found
