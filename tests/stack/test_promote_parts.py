"""Promotion's kinds that moto can't stand in for, on the running stack: MLflow's registry, composite alarms."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest

from tests.stack.test_promote import ROOT, Stage, pytestmark

__all__ = ["pytestmark"]
ACCOUNT = "444444444444"
MODEL = "risk scores"
HISTORY = [
    {"key": "loss", "value": 1 / (step + 1), "timestamp": 1_700_000_000_000 + step, "step": step}
    for step in range(1200)
]


class Registry:
    """The stack's MLflow, by its REST API."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/2.0", timeout=60)

    def call(self, method: str, path: str, body: Any = None, **parameters: Any) -> Any:
        answer = self._client.request(method, f"/{path}", json=body, params=parameters)
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.headers.get("content-type") == "application/json" else answer.content

    def version(self, model: str, number: int = 1) -> dict[str, Any]:
        return self.call("GET", "mlflow/model-versions/get", name=model, version=str(number))["model_version"]

    def run(self, identity: str) -> dict[str, Any]:
        return self.call("GET", "mlflow/runs/get", run_id=identity)["run"]

    def aliases(self, model: str) -> dict[str, str]:
        found = self.call("GET", "mlflow/registered-models/get", name=model)["registered_model"]
        return {one["alias"]: one["version"] for one in found.get("aliases", [])}

    def names(self) -> set[str]:
        found = self.call("GET", "mlflow/registered-models/search").get("registered_models", [])
        return {one["name"] for one in found}


def register(registry: Registry) -> None:
    """A model of one version, with a long run behind it and its files in two folders."""
    name = f"risk-{time.time_ns()}"
    experiment = registry.call("POST", "mlflow/experiments/create", {"name": name})["experiment_id"]
    body = {"experiment_id": experiment, "run_name": "first", "start_time": 1_700_000_000_000}
    run = registry.call("POST", "mlflow/runs/create", body)["run"]
    identity, artifacts = run["info"]["run_id"], run["info"]["artifact_uri"]
    for start in range(0, len(HISTORY), 1000):
        registry.call("POST", "mlflow/runs/log-batch", {"run_id": identity, "metrics": HISTORY[start : start + 1000]})
    parameters = [{"key": f"p{number}", "value": str(number)} for number in range(150)]
    for start in (0, 100):
        registry.call("POST", "mlflow/runs/log-batch", {"run_id": identity, "params": parameters[start : start + 100]})
    tags = [{"key": "team", "value": "oncology"}]
    registry.call("POST", "mlflow/runs/log-batch", {"run_id": identity, "tags": tags})
    folder = artifacts.removeprefix("mlflow-artifacts:/")
    for path, content in (("model/weights é.bin", b"weights"), ("notes.txt", b"notes")):
        answer = registry._client.put(f"/mlflow-artifacts/artifacts/{folder}/{path}", content=content)
        assert answer.status_code == 200, answer.text
    registry.call(
        "POST", "mlflow/runs/update", {"run_id": identity, "status": "FINISHED", "end_time": 1_700_000_009_000}
    )
    registry.call("POST", "mlflow/registered-models/create", {"name": MODEL, "description": "Scores of risk"})
    version = {"name": MODEL, "source": f"{artifacts}/model", "run_id": identity, "tags": tags, "description": "v1"}
    registry.call("POST", "mlflow/model-versions/create", version)
    registry.call("POST", "mlflow/registered-models/alias", {"name": MODEL, "alias": "champion", "version": "1"})


@pytest.fixture(scope="module")
def registry(stack: Any) -> Iterator[Registry]:
    made = Registry(stack.env["MLFLOW_TRACKING_URI"])
    register(made)
    yield made
    made.call("DELETE", "mlflow/registered-models/delete", {"name": MODEL})


@pytest.fixture(scope="module")
def here(stack: Any) -> Iterator[Any]:
    """CloudWatch of this machine's account, with an alarm on an alarm on a metric."""
    keys = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    cloudwatch = boto3.client("cloudwatch", endpoint_url=stack.env["AWS_ENDPOINT_URL"], **keys)
    cloudwatch.put_metric_alarm(
        AlarmName="parts-errors", Namespace="parts", MetricName="errors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:parts-errors"
    cloudwatch.put_composite_alarm(AlarmName="parts-any", AlarmRule=f'ALARM("{arn}") OR ALARM("parts-errors")')
    yield cloudwatch
    cloudwatch.delete_alarms(AlarmNames=["parts-any"])
    cloudwatch.delete_alarms(AlarmNames=["parts-errors"])


@pytest.fixture(scope="module")
def parts(stack: Any, registry: Registry, here: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Another account, applied to, without endpoints and Grafana."""
    file = tmp_path_factory.mktemp("targets") / "parts.yaml"
    text = (ROOT / "targets" / "stage.yaml").read_text().replace("222222222222", ACCOUNT)
    text = text.replace("promote:\n", "promote:\n  endpoints: []\n  grafana: false\n  alarms: ['parts-*']\n")
    file.write_text(text.replace("model_prefix: stage-", "model_prefix: parts-\n  registered_models: ['risk?scores']"))
    made = Stage(stack, file)
    made.run("apply", "--yes")
    yield made
    made.run("rollback", "--all", "--yes")
    httpx.post(f"{made.target.endpoints.aws}/_obsiverse/accounts/{ACCOUNT}/reset", timeout=60).raise_for_status()
    shutil.rmtree(file.parent)


def test_a_registered_model_comes_with_its_run(parts: Stage, registry: Registry):
    here, there = registry.version(MODEL), registry.version(f"parts-{MODEL}")
    assert there["description"] == "v1"
    assert registry.aliases(f"parts-{MODEL}") == {"champion": "1"}
    old, new = registry.run(here["run_id"]), registry.run(there["run_id"])
    assert new["info"]["run_id"] != old["info"]["run_id"]
    for member in ("run_name", "status", "start_time", "end_time"):
        assert new["info"][member] == old["info"][member]
    assert len(new["data"]["params"]) == 150
    assert _pairs(new["data"]["params"]) == _pairs(old["data"]["params"])
    assert _pairs(new["data"]["tags"]).items() >= _pairs(old["data"]["tags"]).items()
    history = registry.call(
        "GET", "mlflow/metrics/get-history", run_id=new["info"]["run_id"], metric_key="loss", max_results=2000
    )["metrics"]
    assert sorted(one["step"] for one in history) == list(range(1200))
    folder = new["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")
    assert there["source"] == f"{new['info']['artifact_uri']}/model"
    assert registry.call("GET", f"mlflow-artifacts/artifacts/{folder}/model/weights é.bin") == b"weights"
    assert registry.call("GET", f"mlflow-artifacts/artifacts/{folder}/notes.txt") == b"notes"


def test_a_second_plan_is_empty_and_copies_are_not_copied_again(parts: Stage):
    assert parts.changes() == {}
    keys = {step["key"] for step in parts.plan()["steps"] if step["key"].startswith("mlflow")}
    assert keys == {f"mlflow-model/parts-{MODEL}", f"mlflow-model-version/parts-{MODEL}/1"}


def test_an_alias_that_was_moved_there_is_put_back(parts: Stage, registry: Registry):
    body = {"name": f"parts-{MODEL}", "alias": "champion"}
    registry.call("DELETE", "mlflow/registered-models/alias", body)
    assert parts.changes() == {f"mlflow-model-version/parts-{MODEL}/1": "change"}
    parts.run("apply", "--yes")
    assert registry.aliases(f"parts-{MODEL}") == {"champion": "1"}
    assert parts.changes() == {}


def test_a_composite_alarm_comes_after_its_parts_with_the_targets_arns(parts: Stage):
    cloudwatch = parts.client("cloudwatch")
    [alarm] = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    arn = f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:parts-errors"
    assert alarm["AlarmRule"] == f'ALARM("{arn}") OR ALARM("parts-errors")'
    tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "obsiverse:promoted", "Value": "obsiverse"}]


def test_rollback_takes_models_runs_and_alarms_back(parts: Stage, registry: Registry):
    copied = registry.version(f"parts-{MODEL}")["run_id"]
    parts.run("rollback", "--all", "--yes")
    assert MODEL in registry.names()
    assert f"parts-{MODEL}" not in registry.names()
    assert registry.run(copied)["info"]["lifecycle_stage"] == "deleted"
    assert parts.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    # And once more from nothing, beside the run that MLflow keeps hidden.
    parts.run("apply", "--yes")
    assert registry.version(f"parts-{MODEL}")["run_id"] != copied


def _pairs(listed: list[dict[str, str]]) -> dict[str, str]:
    return {one["key"]: one["value"] for one in listed}
