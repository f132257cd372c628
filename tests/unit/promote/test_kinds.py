"""The kinds that moto has the services of: brought from one region of it to another, changed there, and taken back."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from obsiverse.promote.errors import Stopped
from obsiverse.promote.plan import desired
from tests.unit.promote.account import ACCOUNT, KINDS, Moved, image


def test_an_account_is_brought_over_and_a_second_plan_is_empty(moved: Moved):
    done = moved.apply()
    assert {key.partition("/")[0] for key in done} == set(KINDS)
    made = moved.session.plan()
    assert [(step.resource.key, step.differences) for step in made.changes] == []
    # Two instances of ml.m5.large, an alarm and a dashboard.
    assert made.cost == pytest.approx(2 * 0.115 + (0.10 + 3.0) / 730)
    assert moved.read.writes == []


def test_what_is_brought_over_has_the_targets_names(moved: Moved):
    moved.apply()
    region = "eu-west-1"
    sagemaker = boto3.client("sagemaker", region)
    endpoint = sagemaker.describe_endpoint(EndpointName="clinical")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    assert config["DataCaptureConfig"]["DestinationS3Uri"] == f"s3://obsiverse-{region}/captured"
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    assert model["PrimaryContainer"]["Image"] == image(region)
    bucket, _, key = model["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
    assert bucket == f"obsiverse-{region}"
    assert boto3.client("s3", region).get_object(Bucket=bucket, Key=key)["Body"].read() == b"weights"
    [alarm] = boto3.client("cloudwatch", region).describe_alarms()["MetricAlarms"]
    # Topics go along; what else an alarm does here is not taken there.
    assert alarm["AlarmActions"] == [f"arn:aws:sns:{region}:{ACCOUNT}:oncall"]
    body = boto3.client("cloudwatch", region).get_dashboard(DashboardName="mine")["DashboardBody"]
    assert json.loads(body)["widgets"][0]["properties"]["region"] == region


def test_a_plan_sends_nothing_that_writes(moved: Moved):
    assert moved.session.plan().changes
    moved.apply()
    moved.recorder.calls.clear()
    moved.session.plan()
    assert len(moved.recorder.calls) > 20
    assert moved.recorder.writes == []
    assert moved.read.writes == []


def test_rollback_leaves_the_target_as_it_was(moved: Moved):
    done = moved.apply()
    assert set(moved.roll_back()) == set(done)
    made = moved.session.plan()
    # IAM is in no region: the roles are gone too.
    assert len(made.changes) == len(made.steps)


def test_what_was_changed_there_is_shown_put_right_and_restored(moved: Moved):
    moved.apply()
    region = "eu-west-1"
    boto3.client("logs", region).put_retention_policy(logGroupName="/obsiverse/otlp", retentionInDays=3)
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    wide = {"Version": "2012-10-17", "Statement": [statement]}
    boto3.client("iam").put_role_policy(
        RoleName="obsiverse-collector", PolicyName="obsiverse", PolicyDocument=json.dumps(wide)
    )
    changed = {step.resource.key: step for step in moved.session.plan().changes}
    assert set(changed) == {"log-group//obsiverse/otlp", "iam-role/obsiverse-collector"}
    assert all("since it was applied" in step.note for step in changed.values())
    moved.apply()
    assert not moved.session.plan().changes
    moved.roll_back()
    assert {step.resource.key for step in moved.session.plan().changes} == set(changed)


@pytest.mark.parametrize(
    ("status", "code"), [(500, "InternalFailure"), (400, "ThrottlingException"), (503, "ServiceUnavailable")]
)
def test_answers_that_are_lost_for_a_while_stop_nothing(
    moved: Moved, status: int, code: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("time.sleep", lambda _: None)
    recorder = moved.recorder
    recorder.status, recorder.code = status, code
    recorder.failures = {"CreateLogGroup": 2, "DescribeLogGroups": 2, "CreateModel": 1, "DescribeAlarms": 1}
    moved.apply()
    assert not any(recorder.failures.values())
    assert not moved.session.plan().changes


def test_a_permission_that_is_missing_is_named_and_what_was_done_is_gone_on_from(moved: Moved):
    recorder = moved.recorder
    what = (
        "sagemaker:CreateEndpointConfig on resource: arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/clinical"
    )
    recorder.denied = {
        "CreateEndpointConfig": f"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: {what}"
    }
    with pytest.raises(Stopped) as stopped:
        moved.apply()
    assert '"Action": "sagemaker:CreateEndpointConfig"' in stopped.value.hint
    assert "sagemaker-endpoint/clinical" in stopped.value.left
    recorder.denied = {}
    done = moved.apply()
    assert "sagemaker-endpoint/clinical" in done
    assert not {*done} & {*stopped.value.done}


def test_without_endpoints_there_is_still_a_repository_to_push_the_model_container_to(tmp_path: Path, moved: Moved):
    again = Moved(tmp_path, endpoints=())
    kinds = {key.partition("/")[0] for key in again.session.resources}
    assert "ecr-repository" in kinds
    assert not any(kind.startswith(("sagemaker", "model")) for kind in kinds)


def test_a_repository_without_an_image_is_told_of(moved: Moved):
    moved.apply()
    assert "push one" in moved.session.plan().steps["ecr-repository/obsiverse/model"].note


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_bucket_that_a_crash_left_without_its_mark_is_ours_all_the_same(moved: Moved, goes_on: bool):
    recorder, name = moved.recorder, "s3-bucket/obsiverse-eu-west-1"
    recorder.denied = {"PutBucketTagging": "not now"}
    with pytest.raises(Stopped):
        moved.apply()
    recorder.denied = {}
    if goes_on:
        moved.apply()
        assert moved.session.plan().steps[name].action == "keep"
    moved.roll_back()
    assert moved.session.plan().steps[name].action == "create"


def test_a_model_of_somebody_else_is_in_the_way_and_a_role_is_used_as_it_is(moved: Moved):
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    boto3.client("iam").create_role(RoleName="obsiverse-sagemaker", AssumeRolePolicyDocument=trust)
    boto3.client("sns", "eu-west-1").create_topic(Name="oncall")
    made = moved.session.plan()
    assert made.steps["iam-role/obsiverse-sagemaker"].action == "use"
    assert [step.resource.key for step in made.taken] == ["sns-topic/oncall"]


def test_another_model_is_another_name_and_the_old_one_is_left_alone(moved: Moved):
    moved.apply()
    old = next(key for key in moved.session.resources if key.startswith("sagemaker-model/"))
    s3 = boto3.client("s3", "us-east-1")
    s3.put_object(Bucket="obsiverse-us-east-1", Key="models/clinical/model.tar.gz", Body=b"better weights")
    again = Moved(moved.session.journal.file.parent)
    changes = {step.resource.key: step.action.value for step in again.session.plan().changes}
    assert changes.pop("sagemaker-endpoint/clinical") == "change"
    assert set(changes.values()) == {"create"}
    assert old in again.session.plan().others
    assert old not in desired(again.session.kinds, again.session.source)
