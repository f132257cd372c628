"""The app synthesises, CloudFormation would take what it writes, and wrong settings are said by their key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cfnlint import ManualArgs, lint
from obsiverse_cdk.settings import InvalidSettings, Settings


def problems(assembly: Any) -> list[str]:
    """What cfn-lint, which has CloudFormation's own schemas, says of an assembly's templates."""
    found: list[str] = []
    for stack in assembly.stacks:
        found += [
            f"{stack.stack_name}: {one}"
            for one in lint(Path(stack.template_full_path).read_text(), config=ManualArgs(regions=["eu-central-1"]))
        ]
    return found


def test_cloudformations_schemas_have_what_the_app_writes(assembly: Any):
    assert len(assembly.stacks) == 2
    assert problems(assembly) == []


def test_cloudformations_schemas_have_what_an_export_writes(exported: Any):
    assert len(exported.stacks) == 2
    assert problems(exported) == []


def test_no_account_and_no_region_is_written_down(assembly: Any):
    for stack in assembly.stacks:
        text = Path(stack.template_full_path).read_text()
        assert "eu-central-1" not in text
        assert "arn:aws:" not in text


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"nam": "x"}, "nam: Extra inputs"),
        ({"name": "-"}, "name: "),
        ({"endpoints": [{"name": "a", "artifact": "m", "instances": 0}]}, "endpoints.0.instances: "),
        ({"endpoints": [{"name": "a", "artifact": "m", "instance_type": "m5.large"}]}, "endpoints.0.instance_type: "),
        ({"endpoints": [{"name": "a", "artifact": "m", "instances": 3, "most_instances": 2}]}, "most_instances"),
        ({"endpoints": [{"name": "a", "artifact": "m"}, {"name": "a", "artifact": "n"}]}, "twice"),
        ({"canary": {"percent": 90}}, "canary.percent: "),
        ({"log_days": 31}, "log_days: "),
        ("{", "no JSON"),
        ([], "valid dictionary"),
    ],
)
def test_a_wrong_setting_is_said_by_its_key(context: Any, told: str):
    with pytest.raises(InvalidSettings, match=told):
        Settings.read(context)


def test_a_setting_may_come_from_the_command_line(tmp_path: Path):
    context = {"obsiverse": json.dumps({"name": "other", "grafana": False})}
    done = run(tmp_path, context)
    assert done.returncode == 0, done.stderr
    template = json.loads((tmp_path / "OtherPlatform.template.json").read_text())
    kinds = {one["Type"] for one in template["Resources"].values()}
    assert "AWS::APS::Workspace" in kinds
    assert "AWS::Grafana::Workspace" not in kinds


def test_the_program_ends_with_what_is_wrong(tmp_path: Path):
    done = run(tmp_path, {"obsiverse": {"log_days": 31}})
    assert done.returncode == 1
    assert done.stderr.rstrip().splitlines()[-1].startswith("error: the context obsiverse: log_days: ")


def run(folder: Path, context: Any) -> subprocess.CompletedProcess[str]:
    """The program, as CDK's CLI runs it."""
    environment = {**os.environ, "CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(context)}
    command = [sys.executable, "-m", "obsiverse_cdk"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
