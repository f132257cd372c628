"""Containers for the tests: folders as SageMaker lays them out, and the two commands as processes."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 90
QUICK = """
import numpy as np
def model_fn(model_dir):
    return np.array([[1.0], [2.0]])
def predict_fn(data, model):
    return data @ model
"""


class Container:
    """A base folder and how a command runs in it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.environment = {
            **{
                name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "SM_", "SAGEMAKER_"))
            },
            "SAGEMAKER_BASE_DIR": str(base),
            "OBSIVERSE_LISTEN": "127.0.0.1",
        }

    def write(self, path: str, content: str | bytes) -> Path:
        """A file below the base folder."""
        file = self.base / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def start(self, command: str, **environment: str) -> subprocess.Popen[str]:
        """Start `train` or `serve`."""
        return subprocess.Popen(
            [sys.executable, "-m", "obsiverse_model", command],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


class Job(Container):
    """A training job."""

    def define(self, script: str, hyperparameters: Mapping[str, str] | None = None, **files: str) -> None:
        """Its script, in a folder of the input, and hyperparameters as SageMaker gives them: strings."""
        self.write("input/data/code/train.py", script)
        for name, content in files.items():
            self.write(f"input/data/code/{name.replace('_', '.')}", content)
        given = {
            "sagemaker_program": json.dumps("train.py"),
            "sagemaker_submit_directory": json.dumps("/opt/ml/input/data/code"),
            **(hyperparameters or {}),
        }
        self.write("input/config/hyperparameters.json", json.dumps(given))
        self.write("input/config/inputdataconfig.json", json.dumps({"train": {"TrainingInputMode": "File"}}))
        self.write("input/config/resourceconfig.json", json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))

    def run(self, **environment: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        process = self.start("train", **environment)
        out, error = process.communicate(timeout=START_SECONDS)
        return process.returncode, out, error

    @property
    def failure(self) -> str:
        """What became the FailureReason."""
        return (self.base / "output" / "failure").read_text()


class Served:
    """A serving container that answers."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.client = httpx.Client(base_url=url, timeout=60)
        self.url = url

    def invoke(self, body: str | bytes, content_type: str = "text/csv", **headers: str) -> httpx.Response:
        """POST /invocations."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/invocations", content=body, headers={"content-type": content_type, **named})

    def metric(self, start: str) -> float:
        """The value of the one line of /metrics that begins so."""
        [line] = [line for line in self.client.get("/metrics").text.splitlines() if line.startswith(start)]
        return float(line.rsplit(" ", 1)[1])

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


class S3:
    """A bucket named `source`, and the environment that leads to it."""

    def __init__(self, url: str) -> None:
        import boto3

        self.environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "000000000000",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="000000000000",
            aws_secret_access_key="test",
        )
        self._client.create_bucket(Bucket="source")

    def put(self, key: str, content: bytes) -> None:
        """Put an object."""
        self._client.put_object(Bucket="source", Key=key, Body=content)


def archive(**files: str) -> bytes:
    """A sourcedir.tar.gz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content.encode()))
    return buffer.getvalue()


def eventually(probe: Callable[[], Any], within: float = START_SECONDS) -> Any:
    """What a probe gives once it is true; fails after `within` seconds."""
    deadline = time.monotonic() + within
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not within {within} s"
        time.sleep(0.02)
    return found


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
