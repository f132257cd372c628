"""Kill -9 of the edge, and what LocalStack's own services know afterwards."""

from __future__ import annotations

import io
import json
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_under_test import ACCOUNT, REGION, Platform, wait_for

OTHER = "111122223333"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
PASS = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "Only", "States": {"Only": {"Type": "Wait", "Seconds": 3600, "End": True}}}
STACK = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "of-stack"}}}}
SERVICES = {
    "apigateway",
    "cloudformation",
    "cloudwatch",
    "ec2",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
}


def edge_alone(folder: Path, cache: Path) -> Iterator[Platform]:
    """An edge of its own, without the rest of the platform."""
    started = Platform(folder, cache)
    try:
        started.start_edge()
        yield started
    finally:
        started.end()


def state_files(platform: Platform, service: str = "*", account: str = ACCOUNT) -> list[Path]:
    """The files of a service's state."""
    return sorted((platform.data / "state").glob(f"{service}/*.{account}.state"))


def wait_until_saved(platform: Platform, since: float, *services: str) -> None:
    """Wait for services' state that was saved after a time."""

    def saved() -> bool:
        files = {service: state_files(platform, service, "*") for service in services}
        return all(any(file.stat().st_mtime > since for file in files[service]) for service in services)

    wait_for(saved, f"saved: {services}")


def wait_until_all_is_saved(platform: Platform) -> None:
    """Wait until nothing was saved for longer than a change may stay unsaved."""
    files = state_files(platform, account="*")
    wait_for(lambda: max(file.stat().st_mtime for file in files) < time.time() - 3, "nothing is left to save")


def zipped() -> bytes:
    """A function's code."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", "def handle(event, context):\n    return event\n")
    return packed.getvalue()


class Known:
    """What the edge was told before it was killed."""

    def __init__(self, platform: Platform) -> None:
        self.client = client = platform.client
        began = time.time()
        self.role = client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
            "Arn"
        ]
        client("sts").assume_role(RoleArn=self.role, RoleSessionName="session")
        self._messages(client)
        self._metrics(client)
        self._secrets(client)
        self._machines(client)
        self._networks(client)
        client("s3").create_bucket(Bucket="kept")
        client("s3").put_object(
            Bucket="kept", Key="a/b", Body=b"content", Metadata={"who": "me"}, ContentType="text/plain"
        )
        client("lambda").create_function(
            FunctionName="echo", Runtime="python3.13", Role=self.role, Handler="main.handle", Code={"ZipFile": zipped()}
        )
        client("sagemaker").create_model_package_group(ModelPackageGroupName="packages")
        wait_until_saved(platform, began, *SERVICES)
        wait_until_all_is_saved(platform)

    def _messages(self, client: Any) -> None:
        self.queue = client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
        self.fifo = client("sqs").create_queue(QueueName="jobs.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        client("sqs").send_message(QueueUrl=self.queue, MessageBody="waiting")
        for number in "12":
            client("sqs").send_message(
                QueueUrl=self.fifo, MessageBody=number, MessageGroupId="group", MessageDeduplicationId=number
            )
        self.topic = client("sns").create_topic(Name="news")["TopicArn"]
        client("sns").subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=QUEUE)
        client("events").put_rule(Name="mine", EventPattern=json.dumps({"source": ["mine"]}))
        client("events").put_targets(Rule="mine", Targets=[{"Id": "queue", "Arn": QUEUE}])
        client("scheduler").create_schedule(
            Name="often",
            ScheduleExpression="rate(5 minutes)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": QUEUE, "RoleArn": self.role},
        )

    def _metrics(self, client: Any) -> None:
        client("cloudwatch").put_metric_data(Namespace="test", MetricData=[{"MetricName": "load", "Value": 7.0}])
        self.alarmed = client("sqs", OTHER).create_queue(QueueName="alarms")["QueueUrl"]
        topic = client("sns", OTHER).create_topic(Name="alarms")["TopicArn"]
        client("sns", OTHER).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{OTHER}:alarms")
        client("cloudwatch", OTHER).put_metric_alarm(
            AlarmName="busy",
            Namespace="test",
            MetricName="load",
            Statistic="Maximum",
            Period=10,
            EvaluationPeriods=1,
            Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[topic],
        )
        client("logs").create_log_group(logGroupName="/kept")
        client("logs").create_log_stream(logGroupName="/kept", logStreamName="one")
        line = {"timestamp": int(time.time() * 1000), "message": "a line"}
        client("logs").put_log_events(logGroupName="/kept", logStreamName="one", logEvents=[line])

    def _secrets(self, client: Any) -> None:
        client("secretsmanager").create_secret(Name="password", SecretString="hidden")
        client("ssm").put_parameter(Name="/size", Value="12", Type="String")
        self.key = client("kms").create_key()["KeyMetadata"]["KeyId"]
        self.cipher = client("kms").encrypt(KeyId=self.key, Plaintext=b"plain")["CiphertextBlob"]

    def _machines(self, client: Any) -> None:
        def start(name: str, definition: dict[str, Any]) -> str:
            machine = client("stepfunctions").create_state_machine(
                name=name, definition=json.dumps(definition), roleArn=self.role
            )
            return client("stepfunctions").start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]

        self.passed, self.waiting = start("pass", PASS), start("wait", WAIT)
        client("cloudformation").create_stack(StackName="stack", TemplateBody=json.dumps(STACK))
        client("cloudformation").get_waiter("stack_create_complete").wait(StackName="stack", WaiterConfig={"Delay": 1})

    def _networks(self, client: Any) -> None:
        self.vpc = client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        gateway = client("apigateway")
        self.api = gateway.create_rest_api(name="api")["id"]
        root = gateway.get_resources(restApiId=self.api)["items"][0]["id"]
        method = {"restApiId": self.api, "resourceId": root, "httpMethod": "GET"}
        gateway.put_method(**method, authorizationType="NONE")
        gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        gateway.put_method_response(**method, statusCode="200")
        gateway.put_integration_response(
            **method, statusCode="200", responseTemplates={"application/json": '{"answer": 1}'}
        )
        gateway.create_deployment(restApiId=self.api, stageName="prod")


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Platform]:
    """An edge of its own, which is killed."""
    yield from edge_alone(tmp_path_factory.mktemp("state"), cache)


@pytest.fixture(scope="module")
def known(platform: Platform) -> Known:
    """What the edge is to know; it was killed since."""
    told = Known(platform)
    platform.kill("edge")
    platform.start_edge()
    return told


def received(platform: Platform, queue: str, account: str = ACCOUNT, wait: int = 0) -> list[str]:
    """The bodies of a queue's messages, which are then deleted."""
    sqs = platform.client("sqs", account)
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=wait).get("Messages", [])
    for one in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
    return [one["Body"] for one in messages]


def test_messages_wait_in_their_queues(platform: Platform, known: Known) -> None:
    assert received(platform, known.queue) == ["waiting"]
    assert received(platform, known.fifo) == ["1", "2"]


def test_topic_reaches_its_subscribers(platform: Platform, known: Known) -> None:
    platform.client("sns").publish(TopicArn=known.topic, Message="fresh")
    assert [json.loads(one)["Message"] for one in received(platform, known.queue, wait=10)] == ["fresh"]


def test_rule_sends_events_to_its_target(platform: Platform, known: Known) -> None:
    platform.client("events").put_events(Entries=[{"Source": "mine", "DetailType": "kind", "Detail": "{}"}])
    assert [json.loads(one)["source"] for one in received(platform, known.queue, wait=10)] == ["mine"]
    [schedule] = platform.client("scheduler").list_schedules()["Schedules"]
    assert schedule["Name"] == "often"


def test_metrics_and_alarms_are_there(platform: Platform, known: Known) -> None:
    listed = platform.client("cloudwatch").list_metrics(Namespace="test")["Metrics"]
    assert [one["MetricName"] for one in listed] == ["load"]
    [alarm] = platform.client("cloudwatch", OTHER).describe_alarms()["MetricAlarms"]
    assert alarm["AlarmName"] == "busy"


def test_alarm_of_any_account_fires_after_the_restart(platform: Platform, known: Known) -> None:
    platform.client("cloudwatch", OTHER).put_metric_data(
        Namespace="test", MetricData=[{"MetricName": "load", "Value": 9.0}]
    )

    def fired() -> list[str]:
        return received(platform, known.alarmed, OTHER, wait=1)

    [sent] = wait_for(fired, "the alarm's message", 40)
    assert json.loads(json.loads(sent)["Message"])["NewStateValue"] == "ALARM"


def test_log_lines_are_there(platform: Platform, known: Known) -> None:
    assert platform.log_lines("/kept", "one") == ["a line"]


def test_secrets_parameters_and_keys_are_there(platform: Platform, known: Known) -> None:
    assert platform.client("secretsmanager").get_secret_value(SecretId="password")["SecretString"] == "hidden"
    assert platform.client("ssm").get_parameter(Name="/size")["Parameter"]["Value"] == "12"
    assert platform.client("kms").decrypt(CiphertextBlob=known.cipher)["Plaintext"] == b"plain"


def test_roles_functions_and_networks_are_there(platform: Platform, known: Known) -> None:
    assert platform.client("iam").get_role(RoleName="worker")["Role"]["Arn"] == known.role
    function = platform.client("lambda").get_function(FunctionName="echo")["Configuration"]
    assert (function["Handler"], function["Role"]) == ("main.handle", known.role)
    [vpc] = platform.client("ec2").describe_vpcs(VpcIds=[known.vpc])["Vpcs"]
    assert vpc["CidrBlock"] == "10.9.0.0/16"


def test_api_answers(platform: Platform, known: Known) -> None:
    with urllib.request.urlopen(f"{platform.edge_url}/_aws/execute-api/{known.api}/prod/", timeout=10) as answer:
        assert json.load(answer) == {"answer": 1}


def test_executions_that_ended_are_there_and_those_that_ran_are_aborted(platform: Platform, known: Known) -> None:
    executions = platform.client("stepfunctions")
    assert executions.describe_execution(executionArn=known.passed)["status"] == "SUCCEEDED"
    waiting = executions.describe_execution(executionArn=known.waiting)
    assert (waiting["status"], waiting["error"]) == ("ABORTED", "Obsiverse.Restarted")
    assert executions.get_execution_history(executionArn=known.waiting)["events"]


def test_stack_has_its_resources(platform: Platform, known: Known) -> None:
    [resource] = platform.client("cloudformation").list_stack_resources(StackName="stack")["StackResourceSummaries"]
    assert resource["ResourceStatus"] == "CREATE_COMPLETE"
    assert platform.client("sqs").get_queue_url(QueueName="of-stack")


def test_object_and_its_description_are_there(platform: Platform, known: Known) -> None:
    found = platform.s3.get_object(Bucket="kept", Key="a/b")
    assert (found["Body"].read(), found["Metadata"], found["ContentType"]) == (b"content", {"who": "me"}, "text/plain")


def test_what_moto_answers_for_sagemaker_is_there(platform: Platform, known: Known) -> None:
    [group] = platform.sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert group["ModelPackageGroupName"] == "packages"


def test_state_that_is_cut_short_gives_way_to_the_one_before_and_the_log_says_so(
    platform: Platform, known: Known
) -> None:
    ssm = platform.client("ssm")
    for value in ("13", "14"):
        before = time.time()
        ssm.put_parameter(Name="/size", Value=value, Type="String", Overwrite=True)
        wait_until_saved(platform, before, "ssm")
    platform.kill("edge")
    [file] = state_files(platform, "ssm")
    file.write_bytes(file.read_bytes()[:-20])
    platform.start_edge()
    assert ssm.get_parameter(Name="/size")["Parameter"]["Value"] == "13"
    assert f"{file} has" in platform.log("edge")
    assert "has the state of ssm of an earlier save" in platform.log("edge")
    assert file.with_name(f"{file.name}.damaged").exists()


def test_state_of_which_no_generation_is_whole_is_lost_and_the_log_says_so(platform: Platform, known: Known) -> None:
    platform.kill("edge")
    [file] = state_files(platform, "secretsmanager")
    for one in file.parent.iterdir():
        one.write_bytes(b"not this")
    platform.start_edge()
    assert platform.client("secretsmanager").list_secrets()["SecretList"] == []
    assert f"account {ACCOUNT} starts without its state of secretsmanager" in platform.log("edge")


def test_what_was_told_last_is_saved_when_the_edge_is_asked_to_end(platform: Platform, known: Known) -> None:
    platform.client("sqs").send_message(QueueUrl=known.queue, MessageBody="last")
    platform.terminate("edge")
    platform.start_edge()
    assert received(platform, known.queue) == ["last"]


def test_operations_that_only_read_save_nothing(platform: Platform, known: Known) -> None:
    before = time.time()
    platform.client("kms").list_keys()
    platform.client("sqs").tag_queue(QueueUrl=known.queue, Tags={"save": "now"})
    wait_until_saved(platform, before, "sqs")
    assert all(file.stat().st_mtime < before for file in state_files(platform, "kms"))
