"""A run of the scenario: what it calls, what it skips, how it fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from fake_aws import FakeAws
from obsiverse_scenario.__main__ import app
from obsiverse_scenario.account import Account
from obsiverse_scenario.clinical import data
from obsiverse_scenario.clinical.scenario import SEED
from obsiverse_scenario.errors import TimedOut
from obsiverse_scenario.steps import wait_until
from typer.testing import CliRunner, Result

Run = Callable[..., Result]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """AWS, with a model that is always right."""
    _, held_out = data.split(data.load(), SEED)
    fake = FakeAws(held_out.labels)
    monkeypatch.setattr(Account, "client", lambda _self, service: fake.client(service))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("OBSIVERSE_BUCKET", "MODEL_IMAGE", "SAGEMAKER_ROLE_ARN", "TRAFFIC_ADDR"):
        monkeypatch.delenv(name, raising=False)
    return fake


@pytest.fixture
def run(aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command line."""
    monkeypatch.setenv("SCENARIO_DATA", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    return lambda *arguments: CliRunner().invoke(app, ["run", *(arguments or ("clinical",))])


def result(tmp_path: Path) -> dict[str, Any]:
    """result.json."""
    return json.loads((tmp_path / "result.json").read_text())


def test_first_run_trains_deploys_and_asks(aws: FakeAws, run: Run, tmp_path: Path) -> None:
    ended = run()
    assert ended.exit_code == 0, ended.output
    kept = result(tmp_path)
    assert kept["accuracy"] == 1.0
    assert kept["trained"] is True
    assert kept["endpoint"] == "clinical"
    assert len(kept["labels"]) == len(aws.objects[kept["held_out"]].splitlines())
    assert kept["prediction"]["label"] == kept["prediction"]["truth"]
    assert all(seconds >= 0 for seconds in kept["seconds"].values())
    assert list(aws.roles) == ["obsiverse-sagemaker"]
    assert aws.groups == {"/obsiverse/otlp": ["collector"]}
    assert (aws.segment_destination["Destination"], aws.indexed) == ("CloudWatchLogs", 100.0)
    [(name, job)] = aws.jobs.items()
    assert kept["training_job"] == name
    assert (
        job["AlgorithmSpecification"]["TrainingImage"]
        == "000000000000.dkr.ecr.us-east-1.amazonaws.com/obsiverse/model:latest"
    )
    assert json.loads(job["HyperParameters"]["sagemaker_program"]) == "train.py"
    assert json.loads(job["HyperParameters"]["sagemaker_submit_directory"]) in aws.objects
    for channel in job["InputDataConfig"]:
        prefix = channel["DataSource"]["S3DataSource"]["S3Uri"]
        assert [key for key in aws.objects if key.startswith(prefix)]
    assert job["Environment"]["MLFLOW_TRACKING_URI"] == "http://mlflow:5000"
    assert "| epoch=1" in ended.output
    assert ended.output.count("| epoch=1") == 1
    assert "held-out accuracy 1.0000 (113 of 113)" in ended.output
    assert "Traceback" not in ended.output


def test_second_run_leaves_a_good_endpoint_alone(aws: FakeAws, run: Run, tmp_path: Path) -> None:
    run()
    job = result(tmp_path)["training_job"]
    aws.calls.clear()
    ended = run()
    assert ended.exit_code == 0, ended.output
    assert aws.calls == []
    assert "nothing to train" in ended.output
    assert (result(tmp_path)["training_job"], result(tmp_path)["trained"]) == (job, False)


def test_force_trains_again_and_updates_the_endpoint(
    aws: FakeAws, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run()
    first = result(tmp_path)["training_job"]
    monkeypatch.setattr("obsiverse_scenario.clinical.scenario.new_job_name", lambda: f"{first}-next")
    assert run("clinical", "--force").exit_code == 0
    assert list(aws.jobs) == [first, f"{first}-next"]
    assert aws.endpoints["clinical"]["EndpointConfigName"] == f"{first}-next"
    assert "delete_endpoint" not in aws.calls


@pytest.mark.parametrize("loss", ["a tag of other code", "a failed endpoint", "an endpoint that is wrong"])
def test_endpoint_that_is_not_this_release_and_good_is_replaced(aws: FakeAws, run: Run, loss: str) -> None:
    run()
    aws.calls.clear()
    arn = aws.endpoints["clinical"]["EndpointArn"]
    right = aws.labels
    if loss == "a tag of other code":
        aws.tags[arn]["obsiverse:release"] = "other"
    elif loss == "a failed endpoint":
        aws.endpoints["clinical"]["EndpointStatus"] = "Failed"
    else:
        aws.labels = [1 - label for label in right]
        create = aws.create_model
        aws.create_model = lambda **definition: (setattr(aws, "labels", right), create(**definition))  # type: ignore[method-assign]
    ended = run()
    assert ended.exit_code == 0, ended.output
    assert "create_training_job" in aws.calls


def test_failed_training_job_fails_the_run_with_its_reason(aws: FakeAws, run: Run, tmp_path: Path) -> None:
    aws.accuracy = None
    ended = run()
    assert ended.exit_code == 1
    assert "the loss is nan" in ended.output
    assert "/aws/sagemaker/TrainingJobs" in ended.output
    assert not (tmp_path / "result.json").exists()
    assert aws.endpoints == {}


def test_endpoint_that_does_not_reach_what_training_measured_fails_the_run(
    aws: FakeAws, run: Run, tmp_path: Path
) -> None:
    aws.labels = [1 - aws.labels[0], *aws.labels[1:]]
    ended = run()
    assert ended.exit_code == 1
    assert "training measured 1.0000, the endpoint reaches 0.9912" in ended.output
    assert not (tmp_path / "result.json").exists()


def test_accuracy_below_what_is_required_fails_the_run(aws: FakeAws, run: Run) -> None:
    aws.labels = [1] * len(aws.labels)
    aws.accuracy = sum(data.split(data.load(), SEED)[1].labels) / len(aws.labels)
    ended = run()
    assert ended.exit_code == 1
    assert "needs 0.95" in ended.output


def test_traffic_is_asked_for_the_held_out_rows(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plans: list[Any] = []

    class Traffic(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            plans.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Traffic)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        monkeypatch.setenv("TRAFFIC_ADDR", f"127.0.0.1:{server.server_port}")
        assert run().exit_code == 0
    finally:
        server.shutdown()
        server.server_close()
    assert plans == [
        (
            "/traffic",
            {
                "endpoint": "clinical",
                "rate": 5,
                "seed": SEED,
                "content_type": "text/csv",
                "source": result(tmp_path)["held_out"],
                "running": True,
            },
        )
    ]


def test_absent_traffic_service_fails_the_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAFFIC_ADDR", "127.0.0.1:9")
    ended = run()
    assert ended.exit_code == 1
    assert "traffic at 127.0.0.1:9 does not answer" in ended.output


def test_unknown_scenario_is_refused_with_the_known_ones(run: Run) -> None:
    ended = run("nothing")
    assert ended.exit_code == 2
    assert "clinical" in ended.output


def test_list_names_the_scenarios() -> None:
    listed = CliRunner().invoke(app, ["list", "--json"])
    assert [each["name"] for each in json.loads(listed.output)] == ["clinical"]


def test_waiting_ends_with_what_was_waited_for_and_what_to_do() -> None:
    with pytest.raises(TimedOut, match=r"the moon: not within 0 s") as caught:
        wait_until(lambda: None, "the moon", 0, "Look up.")
    assert caught.value.next_step == "Look up."
