"""The pipelines hang together: what they run is there, what one stage needs another leaves, and nobody may do more than its part.

CodePipeline's own check and actionlint's are in tests/stack.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint import ManualArgs, lint
from moto import mock_aws
from ruamel.yaml import YAML
from typer.testing import CliRunner

PIPELINES = Path(__file__).resolve().parents[3] / "infra" / "pipelines"
ROOT = PIPELINES.parents[1]
TEMPLATES = [PIPELINES / "codepipeline.yaml", PIPELINES / "github-actions" / "roles.yaml"]
FAKE = (
    f"#!{sys.executable} -IS"
    + """
import json, os, sys
folder = os.environ["FAKE"]
with open(f"{folder}/calls", "a") as calls:
    print(*sys.argv[1:], "with a key" if "AWS_SECRET_ACCESS_KEY" in os.environ else "", file=calls)
command = sys.argv[1:3] if sys.argv[1] == "promote" else sys.argv[1:2]
if command == ["up"]:
    os.makedirs(f"{os.environ['OBSIVERSE_STATE']}/data", exist_ok=True)
    open(f"{os.environ['OBSIVERSE_STATE']}/data/made", "a").close()
if command == ["promote", "plan"]:
    changes = json.loads(os.environ["CHANGES"])
    print(json.dumps({"changes": bool(changes), "steps": changes}))
    sys.exit(int(os.environ.get("PLAN_EXIT", 2 if changes else 0)))
if command == ["promote", "apply"]:
    open(os.environ["JOURNAL"], "a").write("one run\\n")
sys.exit(int(os.environ.get("EXIT_" + command[-1].upper(), 0)))
"""
)
TARGET = """\
name: there
account: "123456789012"
region: eu-west-1
credentials: {source: environment}
mlflow: http://127.0.0.1:9
otlp: http://127.0.0.1:9
bucket: obsiverse-there
roles: {sagemaker: "arn:aws:iam::123456789012:role/obsiverse-sagemaker"}
images: {registry: obsiverse, model: obsiverse/model}
instance_types: {training: ml.m5.large, endpoint: ml.m5.large}
promote: {}
"""


def load(file: Path) -> Any:
    """A YAML file; CloudFormation's short functions as what they are given."""
    reader = YAML(typ="safe", pure=True)
    for tag in ("!Ref", "!Sub", "!GetAtt", "!If", "!Not", "!Equals"):
        reader.constructor.add_constructor(
            tag,
            lambda loader, node: node.value if isinstance(node.value, str) else loader.construct_sequence(node, True),
        )
    return reader.load(file)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.name)
def test_cloudformations_schemas_have_what_templates_say(template: Path):
    assert lint(template.read_text(), config=ManualArgs(regions=["eu-central-1"])) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.name)
def test_templates_have_no_anchors_which_cloudformation_refuses(template: Path):
    assert not re.findall(r"(?m)^[^#\n]*[:\-] [&*][\w-]+", template.read_text())


def commands() -> list[str]:
    """What the pipelines run."""
    specs = [load(file) for file in PIPELINES.glob("buildspec-*.yaml")]
    workflow = load(PIPELINES / "github-actions" / "promote.yml")
    found = [command for one in specs for command in one["phases"]["build"]["commands"]]
    return found + [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]


def test_what_the_pipelines_run_is_there(steps: Any):
    known = {name: {option for one in command.params for option in one.opts} for name, command in click(steps).items()}
    ran = [shlex.split(command) for command in commands() if "steps.py" in command]
    assert {words[2] for words in ran} == {"plan", "apply", "verify"}
    for words in ran:
        assert (ROOT / words[1]).is_file()
        assert {word for word in words if word.startswith("--")} <= known[words[2]]
    for command in commands():
        words = shlex.split(command)
        assert words[0] in (".venv/bin/python", "sh", "make", "export")
        assert words[0] != "sh" or (ROOT / words[1]).is_file()


def test_each_stage_gets_what_an_earlier_one_leaves():
    template = load(TEMPLATES[0])["Resources"]
    properties = template["Pipeline"]["Properties"]
    left: set[str] = set()
    exported = load(PIPELINES / "buildspec-plan.yaml")["env"]["exported-variables"]
    for stage in properties["Stages"]:
        for condition in stage.get("BeforeEntry", {}).get("Conditions", []):
            [rule] = condition["Rules"]
            assert rule["Configuration"]["Variable"] in {f"#{{Plan.{name}}}" for name in exported}
        for action in stage["Actions"]:
            assert {one["Name"] for one in action.get("InputArtifacts", [])} <= left
            if project := action["Configuration"].get("ProjectName"):
                spec = template[project]["Properties"]["Source"]["BuildSpec"]
                assert (ROOT / spec).is_file()
        left |= {one["Name"] for action in stage["Actions"] for one in action.get("OutputArtifacts", [])}


def test_only_who_applies_and_verifies_may_promote():
    template = load(TEMPLATES[0])["Resources"]
    roles = {name: template[f"{name}Project"]["Properties"]["ServiceRole"].partition(".")[0] for name in
             ("Test", "Plan", "Apply", "Verify")}  # fmt: skip
    given = {name: template[role]["Properties"].get("ManagedPolicyArns", []) for name, role in roles.items()}
    assert given == {"Test": [], "Plan": ["PlanPolicy"], "Apply": ["PromotePolicy"], "Verify": ["PromotePolicy"]}


def test_the_workflow_keeps_no_key_and_waits_for_approval():
    file = PIPELINES / "github-actions" / "promote.yml"
    text, workflow = file.read_text(), load(file)
    assert "secrets." not in text
    assert not re.search(r"aws-(access-key-id|secret-access-key)", text)
    jobs = workflow["jobs"]
    assert list(jobs) == ["test", "plan", "apply", "verify"]
    assert workflow["permissions"] == {"contents": "read"}
    roles = load(TEMPLATES[1])["Resources"]
    trusted = {
        role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"][
            "token.actions.githubusercontent.com:sub"
        ].rpartition(":")[2]
        for role in roles.values()
        if role["Type"] == "AWS::IAM::Role"
    }
    for name, job in jobs.items():
        assumes = any("configure-aws-credentials" in step.get("uses", "") for step in job["steps"])
        assert assumes == (job.get("permissions", {}).get("id-token") == "write") == (name != "test")
        # A role is given to one environment, whose reviewers approve.
        assert job.get("environment") in (trusted if assumes else {None})


@pytest.fixture(scope="module")
def steps() -> Any:
    """The module of a pipeline's steps."""
    spec = importlib.util.spec_from_file_location("steps", PIPELINES / "steps.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def click(steps: Any) -> dict[str, Any]:
    """Its commands."""
    import typer.main

    return typer.main.get_command(steps.app).commands  # pyright: ignore


class Machine:
    """A machine of a pipeline, where the CLI is a stand-in that says what it was called with."""

    def __init__(self, steps: Any, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self._steps, self.patch = folder, steps, patch
        program = folder / "obsiverse"
        program.write_text(FAKE)
        program.chmod(0o755)
        self.target = folder / "there.yaml"
        self.target.write_text(TARGET)
        self.journal = folder / "there.journal.jsonl"
        patch.setattr(steps, "OBSIVERSE", program)
        given = {"FAKE": folder, "JOURNAL": self.journal, "CHANGES": '["a"]', "AWS_ACCESS_KEY_ID": "testing"}
        for name, value in {**given, "AWS_SECRET_ACCESS_KEY": "testing", "AWS_PORT": "1"}.items():
            patch.setenv(name, str(value))
        self.fresh()

    def fresh(self) -> None:
        """Another machine."""
        number = len(list(self.folder.glob("state-*")))
        self.patch.setenv("OBSIVERSE_STATE", str(self.folder / f"state-{number}"))
        (self.folder / f"state-{number}").mkdir()

    def run(self, step: str, *more: str) -> int:
        """A step's exit code."""
        arguments = [step, "--target", str(self.target), "--hand-over", str(self.folder / "hand-over"), *more]
        return CliRunner().invoke(self._steps.app, arguments).exit_code

    @property
    def calls(self) -> list[str]:
        """What the CLI was called with."""
        return [line.partition(" --")[0].strip() for line in (self.folder / "calls").read_text().splitlines()]


@pytest.fixture
def machine(steps: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with mock_aws():
        yield Machine(steps, tmp_path, monkeypatch)


@pytest.mark.parametrize(("changes", "told"), [(["a"], "changes=true"), ([], "changes=false")])
def test_a_plan_with_or_without_changes_is_no_failure(machine: Machine, changes: list[str], told: str):
    machine.patch.setenv("CHANGES", json.dumps(changes))
    outputs = machine.folder / "outputs"
    assert machine.run("plan", "--outputs", str(outputs)) == 0
    assert outputs.read_text().strip() == told
    assert json.loads((machine.folder / "hand-over" / "plan.json").read_text())["steps"] == changes
    assert machine.calls == ["up", "promote plan", "promote plan", "down"]


def test_a_plan_that_fails_fails_the_stage_and_ends_the_stack(machine: Machine):
    machine.patch.setenv("PLAN_EXIT", "1")
    assert machine.run("plan") == 1
    assert machine.calls[-1] == "down"


def test_the_stack_does_not_get_the_targets_credentials(machine: Machine):
    machine.run("plan")
    for line in (machine.folder / "calls").read_text().splitlines():
        assert ("with a key" in line) == line.startswith("promote")


def test_what_was_approved_is_applied_from_the_same_data_and_its_journal_is_kept(machine: Machine):
    machine.run("plan")
    s3 = boto3.client("s3", "eu-west-1")
    s3.create_bucket(Bucket="obsiverse-there", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for runs in (1, 2):
        machine.fresh()
        machine.journal.unlink(missing_ok=True)
        assert machine.run("apply") == 0
        kept = s3.get_object(Bucket="obsiverse-there", Key="promoted/journals/there.journal.jsonl")["Body"].read()
        assert kept.decode() == "one run\n" * runs
    assert machine.journal.stat().st_mode & 0o777 == 0o600


def test_what_is_no_longer_what_was_approved_is_not_applied(machine: Machine):
    machine.run("plan")
    machine.fresh()
    machine.patch.setenv("CHANGES", '["a", "b"]')
    assert machine.run("apply") == 1
    assert "promote apply" not in machine.calls


def test_an_apply_that_fails_leaves_its_journal_for_a_rollback(machine: Machine):
    machine.run("plan")
    s3 = boto3.client("s3", "eu-west-1")
    s3.create_bucket(Bucket="obsiverse-there", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    machine.fresh()
    machine.patch.setenv("EXIT_APPLY", "1")
    assert machine.run("apply") == 1
    assert s3.list_objects_v2(Bucket="obsiverse-there")["KeyCount"] == 1


def test_an_apply_that_stops_before_there_is_a_bucket_says_so_and_how_it_ended(machine: Machine):
    machine.run("plan")
    machine.fresh()
    machine.patch.setenv("EXIT_APPLY", "3")
    assert machine.run("apply") == 3


def test_a_machine_with_a_stack_of_its_own_is_left_alone(machine: Machine):
    machine.run("plan")
    assert machine.run("verify") == 1
    assert "promote verify" not in machine.calls
