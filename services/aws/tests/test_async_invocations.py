"""Asynchronous inference of the data plane over the edge's S3 and SNS.

The endpoint is a route that a test writes, with the configuration in it.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

from platform_under_test import REGION, Platform, wait_for

OWNER = "222222222222"


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
        """As it stands in a route."""
        success, error = self.topics
        places = {"output": "s3://async-out/good", "failure": "s3://async-out/bad"}
        return {**places, "success_topic": success, "error_topic": error}

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


def put_route(platform: Platform, name: str, config: dict[str, Any], instances: list[dict[str, Any]]) -> None:
    """The owner's endpoint of that name."""
    variants = [{"name": "AllTraffic", "weight": 1, "instances": instances}]
    document = {"arn": f"arn:aws:sagemaker:{REGION}:{OWNER}:endpoint/{name}", "variants": variants, "async": config}
    url = f"{platform.endpoints_url}/_obsiverse/routes/{OWNER}/{REGION}/{name}"
    request = urllib.request.Request(url, json.dumps(document).encode(), method="PUT")
    with urllib.request.urlopen(request, timeout=5):
        pass


def instances_of(platform: Platform, name: str) -> list[dict[str, Any]]:
    """The instances of an endpoint of this account's."""
    return next(r["variants"][0]["instances"] for r in platform.routes() if r["endpoint"] == name)


def test_results_are_in_the_owner_s_bucket_and_told_by_its_topics(platform: Platform) -> None:
    platform.deploy("async-model")
    owner = Owner(platform)
    put_route(platform, "later", owner.config(), instances_of(platform, "async-model"))
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
    platform.deploy("async-killed")
    owner = Owner(platform)
    owner.s3.put_object(Bucket="async-in", Key="kept", Body=b"kept")
    put_route(platform, "killed", owner.config(), [])
    runtime = platform.client("sagemaker-runtime", OWNER, url=platform.endpoints_url)
    accepted = runtime.invoke_endpoint_async(EndpointName="killed", InputLocation="s3://async-in/kept")
    platform.kill("endpoints")
    platform.start_endpoints()
    put_route(platform, "killed", owner.config(), instances_of(platform, "async-killed"))
    assert owner.message()["inferenceId"] == accepted["InferenceId"]
    assert json.loads(owner.read(accepted["OutputLocation"]))["body"] == "kept"
