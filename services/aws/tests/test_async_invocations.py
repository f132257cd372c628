"""Asynchronous inference of the data plane over the edge's S3 and SNS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from platform_under_test import Platform, wait_for

OWNER = "171717171717"


class Owner:
    """An account with an asynchronous endpoint, its buckets, and a queue that hears both topics."""

    def __init__(self, platform: Platform) -> None:
        self.s3, self.sns, self.sqs = (platform.client(name, OWNER) for name in ("s3", "sns", "sqs"))
        for bucket in ("async-in", "async-out"):
            self.s3.create_bucket(Bucket=bucket)
        self.queue = self.sqs.create_queue(QueueName="async")["QueueUrl"]
        heard = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        self.topics = [self.sns.create_topic(Name=name)["TopicArn"] for name in ("success", "error")]
        for topic in self.topics:
            raw = {"RawMessageDelivery": "true"}
            self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard, Attributes=raw)

    def config(self) -> dict[str, Any]:
        """An AsyncInferenceConfig."""
        success, error = self.topics
        places = {"S3OutputPath": "s3://async-out/good", "S3FailurePath": "s3://async-out/bad"}
        return {"OutputConfig": {**places, "NotificationConfig": {"SuccessTopic": success, "ErrorTopic": error}}}

    def message(self) -> dict[str, Any]:
        """The next message of either topic."""

        def received() -> dict[str, Any] | None:
            found = self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=1).get("Messages")
            if not found:
                return None
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=found[0]["ReceiptHandle"])
            return json.loads(found[0]["Body"])

        return wait_for(received, "a message", 40)

    def read(self, uri: str) -> bytes:
        """An object."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_results_are_in_the_owner_s_bucket_and_told_by_its_topics(platform: Platform) -> None:
    owner = Owner(platform)
    platform.deploy_in(OWNER, "later", AsyncInferenceConfig=owner.config())
    for url in (platform.endpoints_url, platform.edge_url):
        runtime = platform.client("sagemaker-runtime", OWNER, url=url)

        def ask(body: bytes, invoke: Callable[..., dict[str, Any]] = runtime.invoke_endpoint_async) -> dict[str, Any]:
            owner.s3.put_object(Bucket="async-in", Key="row", Body=body)
            return invoke(EndpointName="later", InputLocation="s3://async-in/row", ContentType="text/csv")

        accepted = ask(b"1 2")
        assert accepted["ResponseMetadata"]["HTTPStatusCode"] == 202
        message = owner.message()
        assert (message["invocationStatus"], message["inferenceId"]) == ("Completed", accepted["InferenceId"])
        assert message["responseParameters"]["outputLocation"] == accepted["OutputLocation"]
        assert json.loads(owner.read(accepted["OutputLocation"]))["body"] == "1 2"

        refused = ask(b"fail")
        message = owner.message()
        assert (message["invocationStatus"], message["inferenceId"]) == ("Failed", refused["InferenceId"])
        assert owner.read(refused["FailureLocation"]) == b"the model failed"


def test_accepted_request_is_done_though_the_data_plane_was_killed(platform: Platform) -> None:
    owner = Owner(platform)
    owner.s3.put_object(Bucket="async-in", Key="kept", Body=b"sleep 3")
    platform.deploy_in(OWNER, "async-killed", AsyncInferenceConfig=owner.config())
    runtime = platform.client("sagemaker-runtime", OWNER, url=platform.endpoints_url)
    accepted = runtime.invoke_endpoint_async(EndpointName="async-killed", InputLocation="s3://async-in/kept")
    platform.kill("endpoints")
    platform.start_endpoints()
    assert owner.message()["inferenceId"] == accepted["InferenceId"]
    assert json.loads(owner.read(accepted["OutputLocation"]))["body"] == "sleep 3"
