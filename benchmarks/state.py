"""What it costs that LocalStack's services keep their state: throughput with and without, and the time of a save.

`python benchmarks/state.py [--rounds N] [--calls N] [--objects N] [--json]`

Three edges run side by side and take turns, so that what else the machine does hits all alike: one that forgets (LocalStack
as it comes), one that has S3's objects on disk and saves nothing else, and one that saves all.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3

from obsiverse.components import python_environment

ROOT = Path(__file__).resolve().parents[1]
ACCOUNT, REGION = "000000000000", "us-east-1"
THREADS = 4
START_SECONDS = 60
PROGRAM = "from obsiverse_aws.__main__ import main; main()"
NEVER = """
import os
from obsiverse_aws.__main__ import localstack_environment
from obsiverse_aws.settings import settings
os.environ |= localstack_environment(settings())
from obsiverse_aws.state import keeper
keeper.DELAY = keeper.FULL = 1e6
"""
INDEX = """
from pathlib import Path
from obsiverse_aws import service_index
service_index.ensure(Path({folder!r}) / "localstack/var/lib/localstack/cache")
"""
MODES = {
    "forgets": ("0", PROGRAM),
    "objects on disk": ("1", NEVER + PROGRAM),
    "saves": ("1", PROGRAM),
}
LINE = re.compile(r"saved ([\w-]+): (\d+) bytes, ([\d.]+) s, ([\d.]+) s of it alone")
ROLE_POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
STATE_MACHINE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})


class Edge:
    """A running edge."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self.log = port, log

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",  # noqa: S106
        )

    def calls(
        self, service: str, count: int, request: Callable[[int], tuple[str, str, bytes, dict[str, str]]]
    ) -> float:
        """Calls per second, by threads with a connection each. Plain HTTP: boto3 would be what is measured."""
        scope = f"{ACCOUNT}/20260101/{REGION}/{service}/aws4_request"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}

        def work(first: int) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            for number in range(first, count, THREADS):
                method, path, body, headers = request(number)
                connection.request(method, path, body, signed | headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, answer.status
            connection.close()

        began = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, range(THREADS)))
        return count / (time.perf_counter() - began)


@contextmanager
def edge(python: Path, folder: Path, mode: str, log_level: str = "warning") -> Iterator[Edge]:
    """An edge of its own."""
    lasting, program = MODES[mode]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir(parents=True)
    # Building it takes seconds, and is no part of what is measured.
    subprocess.run([python, "-c", INDEX.format(folder=str(folder / "data"))], check=True)
    settings = {
        "AWS_LISTEN": f"127.0.0.1:{port}",
        "AWS_DATA": str(folder / "data"),
        "AWS_LASTING": lasting,
        "OBSIVERSE_AGENT": f"unix://{folder}/no-agent.sock",
        "ENDPOINTS_ADDR": "127.0.0.1:9",
        "LS_LOG": log_level,
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([python, "-c", program], env=os.environ | settings, stdout=log, stderr=log)
    try:
        started = Edge(port, folder / "log")
        wait_for(lambda: answers(port), "the edge", START_SECONDS)
        yield started
    finally:
        process.terminate()
        process.wait(30)


def answers(port: int) -> bool:
    """Whether the edge is up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_localstack/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def wait_for(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def throughput(python: Path, folder: Path, rounds: int, calls: int) -> dict[str, float]:
    """PutObject and SendMessage per second by mode, and the ratios."""
    content = b"x" * 1024
    rates: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as stack:
        edges = {mode: stack.enter_context(edge(python, folder / mode, mode)) for mode in MODES}
        queues = {mode: one.client("sqs").create_queue(QueueName="queue")["QueueUrl"] for mode, one in edges.items()}
        for one in edges.values():
            one.client("s3").create_bucket(Bucket="bucket")
        for turn in range(rounds + 1):
            # Each in every place, since what one wrote is still being written when the next begins.
            order = list(MODES)[turn % len(MODES) :] + list(MODES)[: turn % len(MODES)]
            for mode in order:
                one = edges[mode]

                def put(number: int, turn: int = turn) -> tuple[str, str, bytes, dict[str, str]]:
                    return "PUT", f"/bucket/{turn}-{number}", content, {}

                message = json.dumps({"QueueUrl": queues[mode], "MessageBody": "x" * 256}).encode()
                headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}
                found = {
                    "PutObject": one.calls("s3", calls, put),
                    "SendMessage": one.calls("sqs", calls, lambda _, m=message, h=headers: ("POST", "/", m, h)),
                }
                # The first turn warms up.
                for operation, rate in found.items() if turn else ():
                    rates.setdefault((operation, mode), []).append(rate)
    result = {f"{operation}/s, {mode}": statistics.median(found) for (operation, mode), found in rates.items()}
    for operation in ("PutObject", "SendMessage"):
        for mode in ("forgets", "objects on disk"):
            ratios = [new / old for new, old in zip(rates[operation, "saves"], rates[operation, mode], strict=True)]
            result[f"{operation}, saves to {mode}, ratio"] = statistics.median(ratios)
    return result


def saves(python: Path, folder: Path, objects: int) -> dict[str, float]:
    """Milliseconds of a save of 18 services, and of S3 with many objects."""
    with edge(python, folder / "timed", "saves", "debug") as one:
        fill(one)
        wait_for(lambda: len(saved(one)) >= 18, "18 services are saved", 30)
        every = saved(one)
        one.client("s3").create_bucket(Bucket="many")
        one.calls("s3", objects, lambda number: ("PUT", f"/many/{number}", b"x", {}))
        before = one.log.stat().st_size
        one.client("s3").put_object(Bucket="many", Key="last")
        wait_for(lambda: "s3" in saved(one, before), "S3 is saved", 30)
        s3 = saved(one, before)["s3"]
    return {
        f"save of {len(every)} services, ms": sum(seconds for seconds, _ in every.values()) * 1000,
        f"of it no request is served, {len(every)} services, ms": sum(alone for _, alone in every.values()) * 1000,
        "of it no request is served, longest service, ms": max(alone for _, alone in every.values()) * 1000,
        f"save of S3 with {objects} objects, ms": s3[0] * 1000,
        f"of it no request is served, S3 with {objects} objects, ms": s3[1] * 1000,
    }


def saved(one: Edge, since: int = 0) -> dict[str, tuple[float, float]]:
    """Seconds of the last save of each service, and those without others, as the log has it from a place on."""
    with one.log.open() as log:
        log.seek(since)
        return {name: (float(seconds), float(alone)) for name, _, seconds, alone in LINE.findall(log.read())}


def fill(one: Edge) -> None:
    """Have 18 services hold something."""
    role = one.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=ROLE_POLICY)["Role"]["Arn"]
    one.client("sts").assume_role(RoleArn=role, RoleSessionName="session")
    one.client("s3").create_bucket(Bucket="bucket")
    one.client("s3").put_object(Bucket="bucket", Key="key")
    one.client("sns").create_topic(Name="topic")
    one.client("sqs").create_queue(QueueName="queue")
    one.client("logs").create_log_group(logGroupName="group")
    one.client("kms").create_key()
    one.client("ssm").put_parameter(Name="name", Value="value", Type="String")
    one.client("secretsmanager").create_secret(Name="secret", SecretString="hidden")
    one.client("events").put_rule(Name="rule", ScheduleExpression="rate(5 minutes)")
    one.client("scheduler").create_schedule_group(Name="group")
    one.client("stepfunctions").create_state_machine(name="machine", definition=STATE_MACHINE, roleArn=role)
    one.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    one.client("apigateway").create_rest_api(name="api")
    one.client("acm").request_certificate(DomainName="example.com")
    one.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    one.client("sagemaker").create_model_package_group(ModelPackageGroupName="group")
    one.client("ses").verify_email_identity(EmailAddress="a@example.com")
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    one.client("cloudformation").create_stack(StackName="stack", TemplateBody=template)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    python = python_environment(ROOT / "services/aws", ROOT / ".obsiverse" / "venvs")
    with tempfile.TemporaryDirectory(prefix="obsiverse-benchmark-") as folder:
        found = throughput(python, Path(folder), arguments.rounds, arguments.calls)
        found |= saves(python, Path(folder), arguments.objects)
    if arguments.json:
        print(json.dumps(found))
        return 0
    width = max(map(len, found))
    for name, value in found.items():
        print(f"{name:<{width}}  {value:8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
