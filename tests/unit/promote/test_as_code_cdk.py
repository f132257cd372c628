"""The CDK app of an account: what is in it, and what is said not to be. infra/cdk/tests synthesise it."""

from __future__ import annotations

import ast
import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from obsiverse.promote.as_code.cdk_construct import snake
from obsiverse.promote.as_code.cdk_python import Call, Expression, source
from obsiverse.promote.as_code.cdk_resources import INSIDE, WRITERS
from obsiverse.promote.as_code.cdk_text import Texts, variable
from obsiverse.promote.export import export
from obsiverse.promote.kinds import all_kinds
from obsiverse.promote.resource import Ref, Resource
from obsiverse.targets.models import Workspaces
from tests.unit.promote.memory import target
from tests.unit.promote.sample import SECRET, sample

ACCOUNT = "123456789012"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture(scope="module")
def found() -> Any:
    """An account's resources and their target."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield sample()


@pytest.fixture(scope="module")
def app(found: Any) -> str:
    """Its app."""
    resources, place = found
    return export(resources, all_kinds(), place, "cdk")


def test_every_resource_is_a_construct_or_said_not_to_be(found: Any, app: str):
    resources, _ = found
    left = set(re.findall(r"^- (\S+): ", ast.get_docstring(ast.parse(app)) or "", re.MULTILINE))
    made = {one.targets[0].id for one in ast.parse(app).body if isinstance(one, ast.Assign)}  # pyright: ignore
    for key, resource in resources.items():
        assert (variable(key) in made) or key in left or resource.kind in INSIDE, key
    assert {key.partition("/")[0] for key in left} & {kind for kind, _ in WRITERS} == {"grafana-workspace"}


def test_it_reads_as_python_and_defines_what_it_uses_before(app: str):
    seen = {"__name__"}
    for statement in ast.parse(app).body:
        for node in ast.walk(statement):
            if isinstance(node, ast.alias):
                seen.add(node.asname or node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                assert node.id in seen, f"{node.id} in line {node.lineno}"
        if isinstance(statement, ast.Assign):
            seen.update(one.id for one in statement.targets if isinstance(one, ast.Name))


def test_it_names_no_account_no_region_but_in_what_is_told_and_no_secret(app: str):
    _, _, code = app.partition("import os")
    assert ACCOUNT not in code
    assert "eu-west-1" not in code
    assert SECRET not in app
    assert "hooks.example.com" not in app
    assert app.count("no_echo=True") == 2


@pytest.mark.parametrize(
    "reference",
    [
        "execution_role_arn=iam_role_obsiverse_sagemaker.attr_arn",
        'image=f"{ecr_repository_obsiverse_model.attr_repository_uri}:latest"',
        'destination_s3_uri=f"s3://{bucket.ref}/captured"',
        "alarm_actions=[sns_topic_oncall.ref]",
        "workspace=amp_workspace_obsiverse.attr_arn",
        '"aws:SourceArn": amp_workspace_obsiverse.attr_arn',
        "role_arn=iam_role_obsiverse_grafana.attr_arn",
        "alarm_name=cloudwatch_alarm_clinical_errors.ref",
        "cloudwatch_composite_alarm_clinical_anything.node.add_dependency(cloudwatch_alarm_clinical_errors)",
        'artifact_store_uri=f"s3://{bucket.ref}/mlflow"',
        'resource_id=f"endpoint/{sagemaker_endpoint_clinical.attr_endpoint_name}/variant/All"',
        "scaling_target_id=endpoint_scaling_clinical_variant_all.ref",
        "cdk.Aws.REGION",
    ],
)
def test_resources_refer_to_each_other(app: str, reference: str):
    assert reference in app


def test_workspaces_that_the_targets_file_names_are_used_and_not_made(found: Any):
    resources, place = found
    given_ones = place.model_copy(update={"workspaces": Workspaces(amp="ws-1", grafana="g-1")})
    app = export(resources, all_kinds(), given_ones, "cdk")
    assert "aps.CfnWorkspace" not in app
    assert "grafana.CfnWorkspace" not in app
    assert 'workspace=f"arn:{cdk.Aws.PARTITION}:aps:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:workspace/ws-1"' in app
    for told in ("amp-workspace/obsiverse: there already", "amp-alertmanager/obsiverse: CloudFormation has it only"):
        assert told in app


def test_what_refers_to_what_is_not_there_and_what_nobody_knows_is_said():
    policy = {"Version": "2012-10-17", "Statement": [{"Resource": Ref("amp-workspace/other", "arn")}]}
    role = Resource("iam-role", "reader", {"trust": {}, "policy": policy})
    strange = Resource("quantum-computer", "q", {"size": "Small"})
    app = export({one.key: one for one in (role, strange)}, {}, target(), "cdk")
    assert "- iam-role/reader: it needs amp-workspace/other, which is not here" in app
    assert "- quantum-computer/q: this export does not know its kind" in app
    assert "Cfn" not in app


def test_a_document_with_what_looks_like_a_secret_is_left_out_and_said():
    body = {"widgets": [{"properties": {"url": f"https://hooks.example.com/{SECRET}"}}]}
    board = Resource("cloudwatch-dashboard", "mine", {"body": body})
    app = export({board.key: board}, {}, target(), "cdk")
    assert "- cloudwatch-dashboard/mine: what looks like a secret is in it (url)" in app
    assert SECRET not in app


@given(VALUES)
def test_values_come_back_from_their_python(value: Any):
    assert ast.literal_eval(source(value)) == value


def evaluated(text: str) -> str:
    """What a text's Python is in a stack of the target's account."""
    place = target()
    written = Texts({}, place, {}).expression(text)
    code = str(written) if isinstance(written, Expression) else source(written)
    stack = SimpleNamespace(ACCOUNT_ID=place.account, REGION=place.region, PARTITION="aws")
    return eval(code, {"cdk": SimpleNamespace(Aws=stack)})  # noqa: S307 - code is what is under test


@given(st.text())
def test_texts_come_back_from_their_python(text: str):
    assert evaluated(text) == text


@example(before="\n", after='"""')
@example(before="\n", after='\\"')
@given(st.text(alphabet="ab\"'{}\\\n", max_size=5), st.text(alphabet="ab\"'{}\\\n", max_size=5))
def test_texts_come_back_with_the_stacks_account_and_region_in_them(before: str, after: str):
    text = f"{before} arn:aws:sns:{target().region}:{target().account}:x {after}"
    assert evaluated(text) == text
    assert target().account not in str(Texts({}, target(), {}).expression(text))


@pytest.mark.parametrize(
    ("member", "keyword"),
    [
        ("HTTPMethod", "http_method"), ("ResourceARN", "resource_arn"), ("OKActions", "ok_actions"), ("S3OutputPath", "s3_output_path"),
        ("VolumeSizeInGB", "volume_size_in_gb"), ("EnableSSMAccess", "enable_ssm_access"), ("KmsKeyId", "kms_key_id"),
        ("DestinationS3Uri", "destination_s3_uri"),
    ],
)  # fmt: skip
def test_members_are_called_as_jsii_calls_them(member: str, keyword: str):
    assert snake(member) == keyword


def test_long_calls_are_broken_into_lines_and_short_ones_are_not():
    short, long = Call("f", ("a",), {"b": 1, "c": None}), Call("f", ("a" * 60,), {"b": "c" * 60})
    assert source(short) == 'f("a", b=1)'
    assert source(long).splitlines() == ["f(", f'    "{"a" * 60}",', f'    b="{"c" * 60}",', ")"]
