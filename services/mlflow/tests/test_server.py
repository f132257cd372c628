"""The server as a user's client meets it: runs, artifacts, the registry, and what a restart keeps."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from alembic import command
from mlflow import MlflowClient
from mlflow.store.db.utils import _get_alembic_config, create_sqlalchemy_engine

START_SECONDS = 120
BUCKET = "mlflow-000000000000-us-east-1"
AWS = {"AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
Start = Callable[..., "Server"]


class Server:
    """A server process, healthy."""

    def __init__(self, data: Path, environment: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = "{}:{}".format(*probe.getsockname())
        self.url = f"http://{address}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "obsiverse_mlflow"],
            env={**os.environ, **AWS, **environment, "MLFLOW_LISTEN": address, "MLFLOW_DATA": str(data)},
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._healthy():
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < deadline, f"not healthy within {START_SECONDS} s"
            time.sleep(0.1)
        self.client = MlflowClient(self.url)

    def _healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """SIGTERM, and its end."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)

    def children(self) -> str:
        """Processes that it started."""
        return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server on the test's own data."""
    started: list[Server] = []

    def one(**environment: str) -> Server:
        started.append(Server(tmp_path / "mlflow", environment))
        return started[-1]

    yield one
    for server in started:
        server.process.kill()
        server.process.communicate()


def log_run(server: Server, folder: Path, text: str) -> str:
    """Log a run with a parameter, a metric and an artifact; its id."""
    run = server.client.create_run("0").info.run_id
    server.client.log_param(run, "epochs", 60)
    server.client.log_metric(run, "accuracy", 0.98)
    artifact = folder / "model.txt"
    artifact.write_text(text)
    server.client.log_artifact(run, str(artifact), "model")
    server.client.set_terminated(run)
    return run


def assert_kept(server: Server, run: str, folder: Path, text: str) -> None:
    """What log_run logged is there."""
    found = server.client.get_run(run)
    assert found.data.params == {"epochs": "60"}
    assert found.data.metrics == {"accuracy": 0.98}
    assert [file.path for file in server.client.list_artifacts(run, "model")] == ["model/model.txt"]
    assert Path(server.client.download_artifacts(run, "model/model.txt", str(folder))).read_text() == text


def test_runs_artifacts_and_models_outlive_a_restart(start: Start, tmp_path: Path) -> None:
    server = start()
    run = log_run(server, tmp_path, "weights")
    server.client.create_registered_model("clinical")
    server.client.create_model_version("clinical", f"runs:/{run}/model", run)
    if sys.platform == "linux":
        assert server.children() == ""
    server.stop()
    server = start()
    assert_kept(server, run, tmp_path, "weights")
    assert [version.run_id for version in server.client.search_model_versions("name='clinical'")] == [run]
    page = httpx.get(server.url)
    assert page.status_code == 200
    assert "<html" in page.text


def test_host_that_is_none_of_ours_is_refused(start: Start) -> None:
    server = start()
    for host, status in {"mlflow:5000": 200, "127.0.0.1": 200, "evil.example": 403}.items():
        answer = httpx.post(
            f"{server.url}/api/2.0/mlflow/experiments/search", json={"max_results": 1}, headers={"host": host}
        )
        assert answer.status_code == status, host


def test_bucket_is_made_when_missing_and_again_after_s3_was_emptied(start: Start, tmp_path: Path) -> None:
    moto = pytest.importorskip("moto.server", reason="moto's server is not installed")
    s3_server = moto.ThreadedMotoServer("127.0.0.1", 0)
    s3_server.start()
    try:
        s3_url = "http://{}:{}".format(*s3_server.get_host_and_port())
        s3 = boto3.client(
            "s3", endpoint_url=s3_url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        server = start(AWS_ENDPOINT_URL=s3_url, MLFLOW_ARTIFACT_BUCKET=BUCKET)
        empty = server.client.create_run("0").info.run_id
        assert server.client.list_artifacts(empty) == []
        for text in ("first", "second"):
            run = log_run(server, tmp_path, text)
            assert_kept(server, run, tmp_path, text)
            keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
            assert [key for key in keys if run in key]
            httpx.post(f"{s3_url}/moto-api/reset").raise_for_status()
    finally:
        s3_server.stop()


def test_database_of_an_older_mlflow_is_migrated(start: Start, tmp_path: Path) -> None:
    server = start()
    run = log_run(server, tmp_path, "weights")
    server.stop()
    uri = f"sqlite:///{tmp_path / 'mlflow' / 'mlflow.db'}"
    engine = create_sqlalchemy_engine(uri)
    config = _get_alembic_config(uri)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    engine.dispose()
    server = start()
    assert_kept(server, run, tmp_path, "weights")
