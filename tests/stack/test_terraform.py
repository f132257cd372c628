"""Terraform against the running stack's edge: infra/terraform and `promote export terraform`, applied, planned again, destroyed.

Needs Terraform and its AWS provider on the machine; infra/terraform/README.md says how it has one without the registry.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from obsiverse.promote.as_code.terraform_resources import ABSENT
from obsiverse.promote.export import export
from tests.unit.promote.every_kind import platform
from tests.unit.promote.memory import target

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra" / "terraform"
MINE, STAGE, REGION = "555555555555", "444444444444", "eu-west-1"
SECONDS = 600
CHANGES = 2
NATIVE = os.environ.get("OBSIVERSE_ENGINE") != "docker"
pytestmark = pytest.mark.timeout(1200)


class Terraform:
    """A folder with a configuration, and the command in it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._environment = {**os.environ, **environment, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}

    def run(self, *arguments: str, fine: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["terraform", *arguments], cwd=self.folder, env=self._environment, capture_output=True, text=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode in fine, f"terraform {arguments[0]}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def init(self) -> None:
        """Skips the test where there is no provider."""
        done = self.run("init", "-input=false", "-no-color", fine=(0, 1))
        if done.returncode:
            _, _, reason = " ".join(done.stderr.replace("│", " ").split()).partition("Error: ")
            assert "available provider" in reason, done.stderr
            pytest.skip(f"Terraform has no AWS provider here: {reason[:300]}")

    def apply(self) -> None:
        self.run("apply", "-input=false", "-no-color", "-auto-approve")

    def plan(self) -> str:
        """What would be changed; nothing for nothing."""
        done = self.run("plan", "-input=false", "-no-color", "-detailed-exitcode", fine=(0, CHANGES))
        return done.stdout.partition("Terraform will perform")[2] if done.returncode else ""

    def destroy(self) -> None:
        self.run("destroy", "-input=false", "-no-color", "-auto-approve")

    def output(self, name: str) -> Any:
        return json.loads(self.run("output", "-json", name).stdout)


class Account:
    """An account of the edge, emptied before and after."""

    def __init__(self, stack: Any, account: str) -> None:
        self._edge = stack.env["AWS_ENDPOINT_URL"]
        self._runtime = stack.env["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"]
        self.account = account
        keys = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
        # The provider puts the account before the edge's address, to ask S3 Control; no such name is known but to a proxy.
        self.environment = {**keys, "AWS_ENDPOINT_URL": self._edge, "HTTP_PROXY": self._edge}

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._runtime if service == "sagemaker-runtime" else self._edge,
            region_name=REGION,
            aws_access_key_id=self.account,
            aws_secret_access_key="test",
        )

    def reset(self) -> None:
        httpx.post(f"{self._edge}/_obsiverse/accounts/{self.account}/reset", timeout=60).raise_for_status()

    def holds(self) -> dict[str, list[str]]:
        """Names of what is there, by service."""
        listed = {
            "amp": [one["workspaceId"] for one in self.client("amp").list_workspaces()["workspaces"]],
            "ecr": [one["repositoryName"] for one in self.client("ecr").describe_repositories()["repositories"]],
            "endpoints": [one["EndpointName"] for one in self.client("sagemaker").list_endpoints()["Endpoints"]],
            "grafana": [one["id"] for one in self.client("grafana").list_workspaces()["workspaces"]],
            "models": [one["ModelName"] for one in self.client("sagemaker").list_models()["Models"]],
            "roles": [one["RoleName"] for one in self.client("iam").list_roles()["Roles"]],
            "s3": [one["Name"] for one in self.client("s3").list_buckets()["Buckets"]],
            "sns": [one["TopicArn"] for one in self.client("sns").list_topics()["Topics"]],
            "alarms": [one["AlarmName"] for one in self.client("cloudwatch").describe_alarms()["MetricAlarms"]],
            "logs": [one["logGroupName"] for one in self.client("logs").describe_log_groups()["logGroups"]],
        }
        return {name: found for name, found in listed.items() if found}


@pytest.fixture
def account(stack: Any, request: pytest.FixtureRequest) -> Iterator[Account]:
    """The account that the test's parameter names, with nothing in it."""
    made = Account(stack, request.param)
    made.reset()
    yield made
    made.reset()


@pytest.fixture(autouse=True, scope="module")
def terraform() -> None:
    """There is a program."""
    if not shutil.which("terraform"):
        pytest.skip("terraform is not on this machine")


def configuration(folder: Path, environment: dict[str, str]) -> Terraform:
    """infra/terraform in a folder of its own, beside the files that it reads."""
    shutil.copytree(INFRA, folder / "infra" / "terraform", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    for name in ("prometheus", "compose"):
        (folder / name).symlink_to(ROOT / name)
    return Terraform(folder / "infra" / "terraform", environment)


def answer(client: Any) -> Any:
    """What an endpoint `clinical` answers to a row of thirty features."""
    row = ",".join(str(number) for number in range(30))
    answered = client.invoke_endpoint(
        EndpointName="clinical", ContentType="text/csv", Accept="application/json", Body=row
    )
    return json.loads(answered["Body"].read())["predictions"]


def artifact_of(stack: Any, endpoint: str, file: Path) -> None:
    """The model of an endpoint of this machine, as a file."""
    sagemaker = stack.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    [variant] = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    container = sagemaker.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    stack.client("s3").download_file(bucket, key, str(file))


def test_the_modules_are_formatted_and_valid(tmp_path: Path):
    made = configuration(tmp_path, {})
    made.run("fmt", "-check", "-recursive", "-diff")
    made.init()
    made.run("validate", "-no-color")


def test_an_export_of_every_kind_is_valid(tmp_path: Path):
    made = Terraform(tmp_path, {})
    (tmp_path / "main.tf").write_text(export(platform(), {}, target(), "terraform"))
    made.run("fmt", "-check", "-diff")
    made.init()
    made.run("validate", "-no-color")


@pytest.mark.parametrize("account", [MINE], indirect=True)
def test_the_modules_are_applied_planned_again_changed_and_destroyed(
    stack: Any, account: Account, tmp_path: Path, eventually: Callable[..., Any]
):
    made = configuration(tmp_path, account.environment)
    made.init()
    artifact_of(stack, "clinical", tmp_path / "model.tar.gz")
    endpoint: dict[str, Any] = {
        "artifact": str(tmp_path / "model.tar.gz"),
        "environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        "most_instances": 2,
    }
    settings: dict[str, Any] = {
        "account": MINE,
        "region": REGION,
        "notifications": [{"protocol": "email", "endpoint": "alerts@example.com"}],
        "trace_groups": {"slow": "responsetime > 1"},
        "canary": {"percent": 50, "seconds": 1},
        "endpoints": {"clinical": endpoint},
    }
    file = made.folder / "terraform.tfvars.json"
    file.write_text(json.dumps(settings))
    made.apply()
    assert made.plan() == ""
    sagemaker = account.client("sagemaker")
    first = sagemaker.describe_endpoint(EndpointName="clinical")
    assert first["EndpointStatus"] == "InService"
    assert answer(account.client("sagemaker-runtime")) == answer(stack.client("sagemaker-runtime"))
    assert made.output("target")["workspaces"]["amp"] in account.holds()["amp"]
    rules = account.client("amp").describe_rule_groups_namespace(
        workspaceId=made.output("target")["workspaces"]["amp"], name="endpoint"
    )["ruleGroupsNamespace"]
    assert rules["data"].decode() == (ROOT / "prometheus" / "rules" / "endpoint.yml").read_text()

    endpoint["capture_percent"] = 100
    file.write_text(json.dumps(settings))
    made.apply()
    second = sagemaker.describe_endpoint(EndpointName="clinical")
    assert second["EndpointStatus"] == "InService"
    assert second["EndpointConfigName"] != first["EndpointConfigName"]
    assert second["DataCaptureConfig"]["CurrentSamplingPercentage"] == 100
    assert made.plan() == ""

    made.destroy()
    # The provider takes an endpoint that is being deleted for gone.
    eventually(lambda: account.holds() == {}, within=60)


@pytest.mark.skipif(not NATIVE, reason="stage's addresses are those of native services")
@pytest.mark.parametrize("account", [MINE], indirect=True)
def test_promotion_brings_the_inside_of_grafana_to_what_the_modules_made(stack: Any, account: Account, tmp_path: Path):
    made = configuration(tmp_path, account.environment)
    made.init()
    settings = {"account": MINE, "region": REGION, "indexing_percent": 100}
    (made.folder / "terraform.tfvars.json").write_text(json.dumps(settings))
    made.apply()
    told = made.output("target")
    file = tmp_path / "stage.yaml"
    text = (ROOT / "targets" / "stage.yaml").read_text().replace("222222222222", MINE)
    assert told["bucket"] in text
    lines = ["  endpoints: []", "workspaces:", *(f"  {name}: {one}" for name, one in told["workspaces"].items())]
    file.write_text("\n".join([text.rstrip(), *lines, ""]))
    stack.run("promote", "apply", "--yes", "--target", str(file), timeout=SECONDS)
    assert made.plan() == ""
    planned = json.loads(stack.run("promote", "plan", "--json", "--target", str(file)).stdout)
    assert not planned["changes"]
    assert planned["counts"]["keep"] > len(ABSENT)
    made.destroy()


@pytest.fixture
def here(stack: Any) -> Iterator[None]:
    """More of what is exported, in this machine's account."""
    cloudwatch, xray, scaling = (stack.client(name) for name in ("cloudwatch", "xray", "application-autoscaling"))
    topic = stack.client("sns").create_topic(Name="terraform-oncall")["TopicArn"]
    dimensions = [{"Name": "EndpointName", "Value": "clinical"}, {"Name": "VariantName", "Value": "AllTraffic"}]

    def metric(name: str) -> dict[str, Any]:
        return {
            "Metric": {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": dimensions},
            "Period": 60,
            "Stat": "Sum",
        }

    cloudwatch.put_metric_alarm(
        AlarmName="terraform-latency", Namespace="AWS/SageMaker", MetricName="ModelLatency", Dimensions=dimensions,
        ExtendedStatistic="p99", Period=60, EvaluationPeriods=3, DatapointsToAlarm=2, Threshold=500000.5,
        ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching", AlarmActions=[topic],
    )  # fmt: skip
    cloudwatch.put_metric_alarm(
        AlarmName="terraform-ratio", EvaluationPeriods=1, Threshold=0.05, ComparisonOperator="GreaterThanThreshold",
        AlarmDescription='More than 5 % "bad" ${answers}',
        Metrics=[
            {"Id": "ratio", "Expression": "bad / all", "ReturnData": True},
            {"Id": "bad", "MetricStat": metric("Invocation5XXErrors"), "ReturnData": False},
            {"Id": "all", "MetricStat": metric("Invocations"), "ReturnData": False},
        ],
    )  # fmt: skip
    widget = {
        "type": "text",
        "x": 0,
        "y": 0,
        "width": 6,
        "height": 2,
        "properties": {"markdown": "${not} a\n%{template}"},
    }
    cloudwatch.put_dashboard(DashboardName="terraform", DashboardBody=json.dumps({"widgets": [widget]}))
    xray.create_group(GroupName="terraform-slow", FilterExpression="responsetime > 1")
    rule = {
        "RuleName": "terraform-all", "ResourceARN": "*", "Priority": 9000, "FixedRate": 0.25, "ReservoirSize": 2,
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
    }  # fmt: skip
    xray.create_sampling_rule(SamplingRule=rule)
    scaled = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/clinical/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**scaled, MinCapacity=1, MaxCapacity=2)
    scaling.put_scaling_policy(
        **scaled, PolicyName="requests", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 600.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        },
    )  # fmt: skip
    yield
    scaling.deregister_scalable_target(**scaled)
    xray.delete_sampling_rule(RuleName="terraform-all")
    xray.delete_group(GroupName="terraform-slow")
    cloudwatch.delete_dashboards(DashboardNames=["terraform"])
    cloudwatch.delete_alarms(AlarmNames=["terraform-latency", "terraform-ratio"])
    stack.client("sns").delete_topic(TopicArn=topic)


@pytest.mark.skipif(not NATIVE, reason="stage's addresses are those of native services")
@pytest.mark.parametrize("account", [STAGE], indirect=True)
def test_an_export_makes_what_promotion_would(
    stack: Any, here: None, account: Account, tmp_path: Path, eventually: Callable[..., Any]
):
    file = tmp_path / "stage.yaml"
    notifications = "\n  notifications:\n    - {protocol: email, endpoint: alerts@example.com}\n"
    text = (ROOT / "targets" / "stage.yaml").read_text().replace("222222222222", STAGE)
    file.write_text(text.rstrip() + notifications)
    folder = tmp_path / "exported"
    folder.mkdir()
    made = Terraform(folder, account.environment)
    exported = stack.run("promote", "export", "terraform", "--target", str(file)).stdout
    (folder / "main.tf").write_text(exported)
    assert "alerts@example.com" not in exported
    made.run("fmt", "-check", "-diff")
    made.init()
    made.run("validate", "-no-color")

    files = folder / "artifacts"
    for line in exported.splitlines():
        if "aws s3 cp " in line:
            source, destination = line.split()[-2:]
            bucket, _, key = source.removeprefix("s3://").partition("/")
            artifact = files / destination.partition("/")[2]
            artifact.parent.mkdir(parents=True)
            stack.client("s3").download_file(bucket, key, str(artifact))
    asked = [line.split('"')[1] for line in exported.splitlines() if line.startswith('variable "notification')]
    given = {"artifacts": str(files), **dict.fromkeys(asked, "alerts@example.com")}
    (folder / "terraform.tfvars.json").write_text(json.dumps(given))
    made.apply()
    assert made.plan() == ""

    planned = stack.run("promote", "plan", "--json", "--target", str(file), check=False)
    steps = {one["key"]: one for one in json.loads(planned.stdout)["steps"]}
    left = {key for key, one in steps.items() if one["action"] != "keep"}
    differing = {key: steps[key].get("differences") for key in left if steps[key]["action"] != "create"}
    assert differing == {}
    assert {key.partition("/")[0] for key in left} <= ABSENT.keys()
    assert all(f"# - {key}:" in exported for key in left)
    made.destroy()
    # The provider takes an endpoint that is being deleted for gone.
    eventually(lambda: account.holds() == {}, within=60)


def test_another_account_is_refused(stack: Any, tmp_path: Path):
    made = configuration(
        tmp_path, {**Account(stack, MINE).environment, "TF_VAR_account": STAGE, "TF_VAR_region": REGION}
    )
    made.init()
    refused = made.run("plan", "-input=false", "-no-color", fine=(1,))
    assert f"AWS account ID not allowed: {MINE}" in " ".join(refused.stderr.split())
