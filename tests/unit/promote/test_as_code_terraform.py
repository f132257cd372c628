"""The configuration of Terraform: nothing lost, references real, no secrets, texts as they were."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obsiverse.promote.as_code.naming import Mention, Mentions
from obsiverse.promote.as_code.terraform_hcl import Block, Document, Expression, Json, Template, render
from obsiverse.promote.as_code.terraform_resources import ABSENT, FORMS
from obsiverse.promote.as_code.terraform_shapes import snake
from obsiverse.promote.errors import PromoteError
from obsiverse.promote.export import export
from obsiverse.promote.kinds import all_kinds
from obsiverse.promote.resource import Ref, Resource
from obsiverse.targets.models import Notification, Promotion, Workspaces
from tests.unit.promote.every_kind import TOPIC, keyed, platform
from tests.unit.promote.memory import ACCOUNT, target

TERRAFORM = pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not on this machine")


def written(resources: dict[str, Resource], **more: Any) -> str:
    """Their configuration."""
    return export(resources, {}, target(**more), "terraform")


def block(text: str, address: str) -> str:
    """The block of a resource."""
    kind, label = address.split(".")
    found = re.search(rf'^(?:resource|data) "{kind}" "{label}" {{.*?^}}', text, re.MULTILINE | re.DOTALL)
    assert found, f"no {address} in\n{text}"
    return found[0]


def test_every_kind_is_written_or_named_with_why_not():
    assert not FORMS.keys() & ABSENT.keys()
    assert not all_kinds().keys() - (FORMS.keys() | ABSENT.keys())
    text = written(platform())
    assert "# - grafana-dashboard/cost: Grafana's own API" in text
    assert "# - something-new/thing: no form of something-new" in text


def test_what_is_made_here_is_referred_to():
    text = written(platform())
    assert "${aws_sns_topic.obsiverse_alerts.arn}\n" in block(text, "aws_prometheus_alert_manager_definition.obsiverse")
    assert "[aws_sns_topic.obsiverse_alerts.arn]" in block(text, "aws_cloudwatch_metric_alarm.errors")
    model = block(text, "aws_sagemaker_model.clinical")
    assert '"${aws_ecr_repository.obsiverse_model.repository_url}:latest"' in model
    assert '"s3://${aws_s3_bucket.obsiverse_stage.bucket}/promoted/models/m/model.tar.gz"' in model
    assert re.search(r"execution_role_arn = aws_iam_role\.obsiverse_sagemaker\.arn", model)
    assert "aws_sagemaker_model.clinical.name" in block(text, "aws_sagemaker_endpoint_configuration.clinical")
    endpoint = block(text, "aws_sagemaker_endpoint.clinical")
    assert "aws_sagemaker_endpoint_configuration.clinical.name" in endpoint
    assert "alarm_name = aws_cloudwatch_metric_alarm.errors.alarm_name" in endpoint
    role = block(text, "aws_iam_role_policy.obsiverse_sagemaker")
    assert "aws_prometheus_workspace.obsiverse.arn" in role
    assert '"${aws_s3_bucket.obsiverse_stage.arn}/*"' in role


def test_what_must_be_there_first_and_is_not_referred_to_is_waited_for():
    text = written(platform())
    destination = block(text, "aws_xray_trace_segment_destination.destination")
    assert re.search(r"depends_on += \[aws_cloudwatch_log_resource_policy\.spans\]", destination)
    model = block(text, "aws_sagemaker_model.clinical")
    assert "aws_s3_object.m" in model
    assert "aws_iam_role_policy.obsiverse_sagemaker" in model
    assert "depends_on" not in block(text, "aws_prometheus_rule_group_namespace.cost")


def test_account_and_region_are_in_one_place_and_secrets_in_none():
    text = written(platform())
    assert re.findall(rf".*{ACCOUNT}.*", text) == [f'  default = "{ACCOUNT}"']
    assert re.findall(r".*eu-west-1.*", text) == ['  region              = "eu-west-1"']
    assert "hunter2" not in text
    assert "me@example.com" not in text
    asked = set(re.findall(r'^variable "(\w+)" {$', text, re.MULTILINE))
    assert set(re.findall(r"\bvar\.(\w+)", text)) == asked
    assert asked == {"account", "artifacts", "clinical_environment_api_token", "notification_email_1a2b3c4d"}


def test_members_without_an_argument_are_named_above_their_resource():
    text = written(platform())
    assert "# The provider has no argument for ExplainerConfig.\n" in text
    assert "# The provider has no argument for StateReason.\n" in text


def test_a_workspace_that_the_target_names_is_read_and_not_made():
    text = written(platform(), workspaces=Workspaces(amp="ws-1", grafana="g-1"))
    assert 'workspace_id = "ws-1"' in block(text, "aws_prometheus_workspace.obsiverse")
    assert 'resource "aws_prometheus_workspace"' not in text
    assert 'resource "aws_grafana_workspace"' not in text
    assert "data.aws_prometheus_workspace.obsiverse.id" in block(text, "aws_prometheus_rule_group_namespace.cost")


def test_the_canary_is_the_targets():
    canary = Promotion.model_validate({"canary": {"percent": 25, "seconds": 7}, "notifications": []})
    endpoint = block(written(platform(), promote=canary), "aws_sagemaker_endpoint.clinical")
    assert re.search(r"value = 25\b", endpoint)
    assert re.search(r"wait_interval_in_seconds = 7\b", endpoint)


def test_a_reference_to_what_terraform_does_not_have_is_an_error_that_names_it():
    resource = Resource("xray-group", "a", {"FilterExpression": Ref("grafana-dashboard/cost", "url")})
    with pytest.raises(PromoteError, match="no url of grafana-dashboard/cost"):
        written(keyed(resource))


def test_names_that_become_the_same_label_are_told_apart():
    text = written(keyed(*(Resource("xray-group", name, {}) for name in ("a-b", "a b", "1"))))
    assert re.findall(r'"aws_xray_group" "(\w+)"', text) == ["a_b", "a_b_2", "_1"]


def test_queues_are_told_and_other_addresses_asked_for():
    assert Notification(protocol="sqs", endpoint="arn:aws:sqs:eu-west-1:333333333333:q")
    queue = {"topic": TOPIC, "protocol": "sqs", "endpoint": "arn:aws:sqs:eu-west-1:333333333333:q"}
    text = written(keyed(Resource("sns-subscription", "sqs-1", queue)))
    assert ":333333333333:q" in text
    assert "variable" not in text.replace('variable "account"', "")


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("DestinationS3Uri", "destination_s3_uri"),
        ("EnableSSMAccess", "enable_ssm_access"),
        ("VolumeSizeInGB", "volume_size_in_gb"),
        ("S3OutputPath", "s3_output_path"),
        ("URLPath", "url_path"),
        ("ResourceARN", "resource_arn"),
    ],
)
def test_arguments_are_called_as_the_provider_calls_them(name: str, argument: str):
    assert snake(name) == argument


def test_a_name_that_is_the_beginning_of_another_is_not_mentioned_by_it():
    resources = keyed(Resource("sns-topic", "alerts", {}), Resource("sns-topic", "alerts-night", {}))
    found = Mentions(resources, target()).split(
        f"{TOPIC.rpartition(':')[0]}:alerts-night, {ACCOUNT}0, eu-west-12, s3://eu-west-1"
    )
    assert found[0] == Mention("sns-topic/alerts-night", "arn")
    assert found[1:] == [f", {ACCOUNT}0, eu-west-12, s3://", Mention(None, "region")]


@given(st.text())
def test_a_text_without_its_mentions_is_the_same_text(text: str):
    known = {"account": ACCOUNT, "region": "eu-west-1", "partition": "aws"}
    pieces = Mentions({}, target()).split(text)
    assert "".join(known[one.attribute] if isinstance(one, Mention) else one for one in pieces) == text


def terraform(folder: Path, *arguments: str) -> str:
    """What a command prints. Fails with what it says."""
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    done = subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@TERRAFORM
def test_it_is_in_the_form_of_terraform_fmt(tmp_path: Path):
    (tmp_path / "main.tf").write_text(written(platform()))
    terraform(tmp_path, "fmt", "-check", "-diff")


LETTERS = st.text(st.sampled_from('ab ${}%"\\\n\té\U0001f680<EOT_'), max_size=12)
VALUES = st.recursive(
    st.one_of(LETTERS, st.booleans(), st.integers(-5, 5), st.floats(-2, 2).map(lambda one: round(one, 3))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LETTERS, inner, max_size=3),
    max_leaves=8,
)


@TERRAFORM
@settings(max_examples=15)
@given(st.lists(VALUES, min_size=1, max_size=8), st.lists(LETTERS.filter(bool), max_size=4))
def test_terraform_reads_the_values_that_were_written(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], texts: list[str]
):
    folder = tmp_path_factory.mktemp("values")
    inserted = Expression("local.word")
    blocks = [Block("locals", [("word", "w")])]
    expected: dict[str, Any] = {}
    for number, value in enumerate(values):
        blocks.append(Block(f'output "v{number}"', [("value", Json(value))]))
        expected[f"v{number}"] = value
    for number, text in enumerate(texts):
        for name, form in (
            ("t", Template((text, inserted, text))),
            ("d", Document(Template((f"{text}\n", inserted, "\n")))),
        ):
            blocks.append(Block(f'output "{name}{number}"', [("value", form)]))
        expected |= {f"t{number}": f"{text}w{text}", f"d{number}": f"{text}\nw\n"}
    (folder / "main.tf").write_text("\n\n".join(map(render, blocks)) + "\n")
    terraform(folder, "fmt", "-check", "-diff")
    terraform(folder, "apply", "-auto-approve", "-no-color")
    outputs = {name: one["value"] for name, one in json.loads(terraform(folder, "output", "-json")).items()}
    shown = {name: json.loads(one) if name.startswith("v") else one for name, one in outputs.items()}
    assert shown == expected
