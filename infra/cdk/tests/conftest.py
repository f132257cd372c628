"""The app, synthesised once; and the one that promotion exports of an account."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "1"
os.environ["JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION"] = "1"
if shutil.which("node") is None:
    pytest.skip("no node on PATH, which the AWS CDK runs on", allow_module_level=True)

import aws_cdk as cdk
from obsiverse_cdk.app import fill
from obsiverse_cdk.settings import Settings

sys.path.append(str(Path(__file__).parent))
from template import Stacks

ROOT = Path(__file__).resolve().parents[3]
CONTEXT: dict[str, Any] = {
    "notifications": [{"protocol": "email", "endpoint": "alerts@example.com"}],
    "trace_groups": {"faults": "fault = true"},
    "endpoints": [
        {"name": "clinical", "artifact": "models/clinical.tar.gz", "most_instances": 3, "capture_percent": 10}
    ],
}


@pytest.fixture(scope="session")
def assembly() -> Any:
    """The app's cloud assembly."""
    app = cdk.App()
    fill(app, Settings.read(CONTEXT))
    return app.synth()


@pytest.fixture(scope="session")
def stacks(assembly: Any) -> Stacks:
    """The app's templates."""
    return templates(assembly)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The cloud assembly of `promote export cdk` of an account, by the development environment, which has promotion."""
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    environment.pop("AWS_ENDPOINT_URL", None)
    command = [ROOT / ".venv" / "bin" / "python", "-m", "tests.unit.promote.sample", "cdk"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = {}
    exec(compile(done.stdout, "exported.py", "exec"), found)  # noqa: S102 - that it runs is what is tested
    return found["app"].synth()


def templates(assembly: Any) -> Stacks:
    """Of an assembly's stacks."""
    return Stacks({one.stack_name: one.template for one in assembly.stacks})
