"""The edge, the agent and the data plane as real processes, and boto3 as their client."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from obsiverse_client import AgentClient, AgentUnreachable

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT, REGION = "000000000000", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/obsiverse/model:latest"
START_SECONDS = 60
SECONDS = 20
ENVIRONMENT_OF = """
import sys
from pathlib import Path
from obsiverse.components import python_environment
print(python_environment(Path("services", sys.argv[1]), Path(".obsiverse/venvs")))
"""


def wait_for[T](condition: Callable[[], T], what: str, seconds: float = SECONDS) -> T:
    """The first true value of a condition."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s, but {value!r}"
        time.sleep(0.05)
    return value


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment_of(service: str) -> str:
    """The Python of a service's environment, which is made if need be."""
    command = [ROOT / ".venv/bin/python", "-c", ENVIRONMENT_OF, service]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def answers(url: str) -> bool:
    """Whether an HTTP server is there."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def model_archive(**content: object) -> bytes:
    """A model.tar.gz of the test's model program."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("./model.json")
        member.size = len(document := json.dumps(content).encode())
        tar.addfile(member, io.BytesIO(document))
    return packed.getvalue()


class Platform:
    """The processes. The folder's name has a space, as a user's home folder may have.

    Args:
        cache: a folder with LocalStack's index of service models, which takes seconds to build.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        self._folder = folder / "platform data"
        shutil.copytree(cache, self._folder / "aws" / "localstack" / "var" / "lib" / "localstack" / "cache")
        self.data = self._folder / "aws"
        self._sockets = Path(os.environ.get("TMPDIR", "/tmp")) / f"obsiverse-aws-test-{os.getpid()}-{free_port()}"
        self._sockets.mkdir(mode=0o700)
        self.edge_port, self.endpoints_port = free_port(), free_port()
        self.edge_url = f"http://127.0.0.1:{self.edge_port}"
        self.agent = AgentClient(f"unix://{self._sockets}/agent.sock")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start all."""
        self.start_agent()
        self.agent.put_template("model", self._template())
        self.agent.put_template("lambda-python", self.lambda_template())
        self.start_endpoints()
        self.start_edge()

    def _template(self) -> dict[str, Any]:
        return {
            "image": "obsiverse/model",
            "command": [sys.executable, str(Path(__file__).with_name("model_program.py"))],
            "env": {"AWS_ENDPOINT_URL": self.edge_url, "OTEL_SERVICE_NAME": "model"},
            "ports": [{"container": 8080, "env": "SAGEMAKER_BIND_TO_PORT"}],
            "paths": {"/opt/ml": "SAGEMAKER_BASE_DIR"},
            "health": {
                "http": {"port": 8080, "path": "/ping"},
                "interval": 10,
                "start_period": 60,
                "start_interval": 0.1,
            },
            "stop_grace": 5,
        }

    def lambda_template(self) -> dict[str, Any]:
        return {
            "image": "obsiverse/lambda-python",
            "command": [environment_of("lambda"), "-m", "obsiverse_lambda"],
            "env": {"AWS_ENDPOINT_URL": self.edge_url},
            "paths": {"/var/task": "LAMBDA_TASK_ROOT", "/opt": "OBSIVERSE_LAMBDA_OPT", "/tmp": "TMPDIR"},
            "stop_grace": 1,
        }

    def start_agent(self) -> None:
        """Start the agent."""
        command = [str(ROOT / ".venv/bin/python"), "-m", "obsiverse.agent", "--state", str(self._folder / "state")]
        self._spawn("agent", [*command, "--socket", str(self._sockets / "agent.sock")], {})

        def ready() -> bool:
            with contextlib.suppress(AgentUnreachable):
                return bool(self.agent.health())
            return False

        wait_for(ready, "agent", START_SECONDS)

    def start_endpoints(self) -> None:
        """Start the data plane, in an environment that is made if need be."""
        python = environment_of("endpoints")
        listen = {
            "ENDPOINTS_LISTEN": f"127.0.0.1:{self.endpoints_port}",
            "ENDPOINTS_DATA": str(self._folder / "endpoints"),
            "ENDPOINTS_AWS": f"127.0.0.1:{self.edge_port}",
            "ENDPOINTS_FLUSH_SECONDS": "1",
        }
        self._spawn("endpoints", [python, "-m", "obsiverse_endpoints"], listen)
        wait_for(lambda: answers(f"http://127.0.0.1:{self.endpoints_port}/health"), "endpoints", START_SECONDS)

    def start_edge(self) -> None:
        """Start the edge."""
        environment = {
            "AWS_LISTEN": f"127.0.0.1:{self.edge_port}",
            "AWS_DATA": str(self._folder / "aws"),
            "OBSIVERSE_AGENT": self.agent.address,
            "ENDPOINTS_ADDR": f"127.0.0.1:{self.endpoints_port}",
        }
        self._spawn("edge", [sys.executable, "-m", "obsiverse_aws"], environment)
        wait_for(lambda: answers(f"{self.edge_url}/_localstack/health"), "edge", START_SECONDS)

    def _spawn(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """Kill -9 one process."""
        self._processes[name].kill()
        self._processes[name].wait(SECONDS)

    def terminate(self, name: str) -> None:
        """Ask one process to end, and wait for it."""
        self._processes[name].terminate()
        self._processes[name].wait(SECONDS)

    def end(self) -> None:
        """End all."""
        edge = self._processes.pop("edge")
        edge.send_signal(signal.SIGTERM)
        edge.wait(SECONDS)
        with contextlib.suppress(AgentUnreachable):
            self.agent.shutdown(stop_tasks=True)
        for process in self._processes.values():
            process.kill()
            process.wait(SECONDS)
        for file in self._sockets.iterdir():
            file.unlink()
        self._sockets.rmdir()

    def log(self, name: str) -> str:
        """What a process wrote."""
        return (self._folder / f"{name}.log").read_text()

    def client(
        self,
        service: str,
        account: str = ACCOUNT,
        region: str = REGION,
        *,
        url: str | None = None,
        secret: str = "test",  # noqa: S107 - every account's
        token: str | None = None,
    ) -> Any:
        """A boto3 client, of the edge where no other URL is given, that does not retry."""
        return boto3.client(
            service,
            endpoint_url=url or self.edge_url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}),
        )

    @property
    def endpoints_url(self) -> str:
        """The data plane, for clients that know of it."""
        return f"http://127.0.0.1:{self.endpoints_port}"

    @cached_property
    def sagemaker(self) -> Any:
        """SageMaker."""
        return self.client("sagemaker")

    @cached_property
    def runtime(self) -> Any:
        """SageMaker Runtime through the edge."""
        return self.client("sagemaker-runtime")

    @cached_property
    def s3(self) -> Any:
        """S3."""
        return self.client("s3")

    def upload(self, bucket: str, key: str, content: bytes) -> str:
        """Put an object in a bucket that is made if need be; its URI."""
        self.s3.create_bucket(Bucket=bucket)
        self.s3.put_object(Bucket=bucket, Key=key, Body=content)
        return f"s3://{bucket}/{key}"

    def make_config(self, name: str, *, archive: bytes | None = None, count: int = 1, **container: Any) -> None:
        """A model and an endpoint configuration of the same name, with one variant."""
        uri = self.upload("models", f"{name}/model.tar.gz", archive or model_archive(name=name))
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": uri, **container},
        )
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": count}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}]
        )

    def deploy(self, name: str, **options: Any) -> None:
        """An endpoint in service, and all that it takes, of the same name."""
        self.make_config(name, **options)
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.wait_for_endpoint(name, "InService")

    def deploy_in(self, account: str, name: str, **config: Any) -> None:
        """An endpoint in service in another account, whose model has the account's name; `config` is its configuration's."""
        s3, sagemaker, bucket = self.client("s3", account), self.client("sagemaker", account), f"models-{account}"
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=model_archive(name=account))
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://{bucket}/model.tar.gz"}
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], **config)
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.wait_for_endpoint(name, "InService", account)

    def wait_for_endpoint(self, name: str, status: str, account: str = ACCOUNT) -> dict[str, Any]:
        """The description of an endpoint once it has a status."""
        sagemaker = self.client("sagemaker", account)

        def reached() -> dict[str, Any] | None:
            described = sagemaker.describe_endpoint(EndpointName=name)
            return described if described["EndpointStatus"] == status else None

        return wait_for(reached, f"endpoint {name} {status}")

    def invoke(self, name: str, body: bytes = b"hello", **more: Any) -> dict[str, Any]:
        """What an endpoint answers."""
        return json.load(self.runtime.invoke_endpoint(EndpointName=name, Body=body, **more)["Body"])

    def train(self, name: str, hyperparameters: dict[str, str] | None = None, **more: Any) -> str:
        """Start a training job; its ARN."""
        data = self.upload("data", f"{name}/train/part.csv", b"1,2,3\n").removesuffix("/part.csv")
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}}
        request = {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "InputDataConfig": [{"ChannelName": "train", "DataSource": source}],
            "OutputDataConfig": {"S3OutputPath": "s3://data/jobs/"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "HyperParameters": hyperparameters or {},
        }
        return self.sagemaker.create_training_job(**{**request, **more})["TrainingJobArn"]

    def wait_for_job(self, name: str, *statuses: str) -> dict[str, Any]:
        """The description of a training job once it has one of some statuses, those of its end where none is named."""
        wanted = statuses or ("Completed", "Failed", "Stopped")

        def reached() -> dict[str, Any] | None:
            described = self.sagemaker.describe_training_job(TrainingJobName=name)
            return described if described["TrainingJobStatus"] in wanted else None

        return wait_for(reached, f"training job {name} {wanted}")

    def routes(self) -> list[dict[str, Any]]:
        """What the data plane has."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.endpoints_port}/_obsiverse/routes", timeout=5) as answer:
            return json.load(answer)["routes"]

    def metric(
        self, endpoint: str, variant: str, name: str, statistic: str = "Sum", namespace: str = "AWS/SageMaker"
    ) -> float | None:
        """A metric of a variant over the last hour; None where there is no value."""
        now = time.time()
        points = self.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}],
            StartTime=now - 3600,
            EndTime=now + 60,
            Period=86400,
            Statistics=[statistic],
        )["Datapoints"]
        return points[0][statistic] if points else None

    def log_lines(self, group: str, stream: str) -> list[str]:
        """What CloudWatch Logs holds of a stream whose name begins so."""
        logs = self.client("logs")
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        if not streams:
            return []
        name = streams[0]["logStreamName"]
        return [one["message"] for one in logs.get_log_events(logGroupName=group, logStreamName=name)["events"]]
