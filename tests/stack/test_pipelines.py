"""The pipelines' definitions: CodePipeline's is taken by the edge, and the workflow of GitHub Actions by actionlint."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.validate import validate_parameters
from ruamel.yaml import YAML

PIPELINES = Path(__file__).resolve().parents[2] / "infra" / "pipelines"
PARAMETERS = {
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "promote",
    "ApproversTopic": "arn:aws:sns:us-east-1:000000000000:approvers",
    "Connection": "arn:aws:codeconnections:us-east-1:000000000000:connection/11111111-2222-3333-4444-555555555555",
    "Repository": "owner/name",
    "Branch": "main",
    "Target": "aws",
    "PlanPolicy": "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "PromotePolicy": "arn:aws:iam::000000000000:policy/promote",
    "Artifacts": "promote-artifacts",
    "Logs": "/obsiverse/pipelines/promote",
    **{f"{name.title()}Project": f"promote-{name}" for name in ("test", "plan", "apply", "verify")},
}
"""What parameters and resources of the template are called."""


def resources() -> dict[str, Any]:
    """The template's resources, with what they refer to put in, as the APIs have their members."""
    reader = YAML(typ="safe", pure=True)
    for tag in ("Ref", "Sub", "GetAtt", "If", "Not", "Equals"):
        reader.constructor.add_constructor(f"!{tag}", lambda loader, node, tag=tag: {tag: plain(loader, node)})
    template: Any = reader.load(PIPELINES / "codepipeline.yaml")
    return {
        name: {**one, "Properties": resolved(one.get("Properties", {}))} for name, one in template["Resources"].items()
    }


def plain(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node) if isinstance(node.value, str) else loader.construct_sequence(node, deep=True)


def resolved(value: Any) -> Any:
    match value:
        case {"Ref": name}:
            return PARAMETERS[name]
        case {"Sub": text}:
            return re.sub(r"\$\{([\w:.]+)\}", lambda found: PARAMETERS.get(found[1], found[1]), text)
        case {"GetAtt": text}:
            return f"arn:aws:iam::000000000000:role/{text.removesuffix('.Arn')}"
        case {"If": [_, there, _]}:
            return resolved(there)
        case dict():
            return {key: resolved(one) for key, one in value.items()}
        case list():
            return [resolved(one) for one in value]
        case _:
            return value


def members(value: Any, free: bool = False) -> Any:
    """CloudFormation's members as the APIs call them."""
    if isinstance(value, list):
        return [members(one, free) for one in value]
    if not isinstance(value, dict):
        return value
    renamed = {"BuildSpec": "buildspec", "S3": "s3"}
    return {
        key if free else renamed.get(key, key[0].lower() + key[1:]): members(one, key == "Configuration")
        for key, one in value.items()
    }


def test_codepipeline_takes_the_pipeline(stack: Any):
    iam, pipelines = stack.client("iam"), stack.client("codepipeline")
    template = resources()
    role, wanted = template["PipelineRole"]["Properties"], members(template["Pipeline"]["Properties"])
    iam.create_role(RoleName="PipelineRole", AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]))
    try:
        made = pipelines.create_pipeline(pipeline=wanted)["pipeline"]
        assert [one["name"] for one in made["stages"]] == ["Source", "Test", "Plan", "Approve", "Apply", "Verify"]
        found = pipelines.get_pipeline(name="promote")["pipeline"]
        assert found["roleArn"].endswith(":role/PipelineRole")
        for stage, same in zip(found["stages"], wanted["stages"], strict=True):
            for action, given in zip(stage["actions"], same["actions"], strict=True):
                assert given.items() <= action.items()
    finally:
        pipelines.delete_pipeline(name="promote")
        iam.delete_role(RoleName="PipelineRole")


def test_codebuilds_model_has_what_the_projects_say():
    # moto wants a location of every source, and one that comes from a pipeline has none.
    model = boto3.client("codebuild", "us-east-1").meta.service_model.operation_model("CreateProject")
    projects = [one["Properties"] for one in resources().values() if one["Type"] == "AWS::CodeBuild::Project"]
    assert len(projects) == 4
    for project in projects:
        validate_parameters(members(project), model.input_shape)


def test_actionlint_has_nothing_to_say_of_the_workflow(tmp_path: Path):
    if not shutil.which("go"):
        pytest.skip("there is no Go to run actionlint with")
    workflow = PIPELINES / "github-actions" / "promote.yml"
    assert lint(workflow) == ""
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(workflow.read_text().replace("needs.plan.outputs.changes", "needs.plan.outputs.change"))
    assert 'property "change" is not defined' in lint(wrong)


def lint(workflow: Path) -> str:
    """What actionlint says of a workflow."""
    command = ["go", "tool", "actionlint", "-shellcheck=", "-pyflakes=", workflow]
    done = subprocess.run(command, cwd=PIPELINES / "actionlint", capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout
