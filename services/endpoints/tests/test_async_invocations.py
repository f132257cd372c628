"""InvokeEndpointAsync: accepted on disk, worked on in turn, told of in S3 and SNS."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from buckets import Buckets
from obsiverse_endpoints import Settings, async_run, create_app
from signing import ACCOUNT, REGION, signed

SUCCESS, ERROR = (f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}" for name in ("success", "error"))
CONFIG = {"output": "s3://out/folder/", "failure": "s3://out/bad", "success_topic": SUCCESS, "error_topic": ERROR}
INPUT = "s3://in/row.csv"
NOWHERE = {"id": "i-gone", "containers": [{"hostname": "c", "url": "http://127.0.0.1:1"}]}


class Plane:
    """The service in this process."""

    def __init__(self, client: httpx.AsyncClient, buckets: Buckets) -> None:
        self._client = client
        self.buckets = buckets

    async def route(self, *instances: dict[str, str], config: dict[str, Any] | None = CONFIG) -> None:
        """The endpoint `e`."""
        variants = [{"name": "v", "weight": 1, "instances": list(instances)}]
        document = {"arn": "a", "variants": variants} | ({"async": config} if config else {})
        path = f"/_obsiverse/routes/{ACCOUNT}/{REGION}/e"
        (await self._client.put(path, json=document)).raise_for_status()

    async def remove(self) -> None:
        """The endpoint is deleted."""
        (await self._client.delete(f"/_obsiverse/routes/{ACCOUNT}/{REGION}/e")).raise_for_status()

    async def ask(self, **headers: str) -> httpx.Response:
        """What an asynchronous request is answered with."""
        url = "http://e/endpoints/e/async-invocations"
        named = {f"X-Amzn-SageMaker-{name.replace('_', '-')}": value for name, value in headers.items()}
        return await self._client.post(url, headers=signed(url, b"", named))


@asynccontextmanager
async def plane(folder: Path, buckets: Buckets | None = None) -> AsyncIterator[Plane]:
    """The service over a folder, until the block ends as a crash would end it: with nothing finished."""
    buckets = buckets or Buckets()
    buckets.objects[ACCOUNT, INPUT] = b"1,2"
    app = create_app(Settings(data=folder), results=buckets)
    transport = httpx.ASGITransport(app)
    async with (
        app.other.router.lifespan_context(app.other),
        httpx.AsyncClient(transport=transport, base_url="http://e") as client,
    ):
        yield Plane(client, buckets)


def left(folder: Path) -> int:
    """How many requests are on disk."""
    with sqlite3.connect(folder / "async.db") as connection:
        return connection.execute("SELECT count(*) FROM requests").fetchone()[0]


async def emptied(folder: Path) -> None:
    """Wait until no request is on disk."""
    async with asyncio.timeout(20):
        while await asyncio.to_thread(left, folder):  # noqa: ASYNC110 - another connection's state
            await asyncio.sleep(0.01)


async def test_output_lies_where_the_answer_said_and_success_is_told(tmp_path, shared_container):
    async with plane(tmp_path) as service:
        await service.route(shared_container.instance())
        answer = await service.ask(
            InputLocation=INPUT,
            Content_Type="text/csv",
            Accept="text/plain",
            Inference_Id="mine",
            Custom_Attributes="a=b",
        )
        assert (answer.status_code, answer.json()) == (202, {"InferenceId": "mine"})
        output = answer.headers["x-amzn-sagemaker-outputlocation"]
        assert output.startswith("s3://out/folder/")
        assert output.endswith(".out")
        assert answer.headers["x-amzn-sagemaker-failurelocation"].startswith("s3://out/bad/")
        message = await service.buckets.message()
        got = json.loads(service.buckets.objects[ACCOUNT, output])
        assert got["size"] == 3
        assert got["headers"]["content-type"] == "text/csv"
        assert got["headers"]["accept"] == "text/plain"
        assert got["headers"]["x-amzn-sagemaker-custom-attributes"] == "a=b"
        assert got["headers"]["x-amzn-sagemaker-inference-id"] == "mine"
        assert service.buckets.types[output] == "application/x-test"
        assert service.buckets.messages[0][0] == SUCCESS
        assert message.pop("eventTime") >= message.pop("receivedTime") > "2026"
        assert message == {
            "awsRegion": REGION,
            "invocationStatus": "Completed",
            "requestParameters": {
                "accept": "text/plain",
                "contentType": "text/csv",
                "endpointName": "e",
                "inputLocation": INPUT,
            },
            "responseParameters": {"contentType": "application/x-test", "outputLocation": output},
            "inferenceId": "mine",
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
        }
        await emptied(tmp_path)


async def test_inference_id_that_nobody_chose_names_the_output(tmp_path, shared_container):
    async with plane(tmp_path) as service:
        await service.route(shared_container.instance())
        answer = await service.ask(InputLocation=INPUT)
        identity = answer.json()["InferenceId"]
        assert answer.headers["x-amzn-sagemaker-outputlocation"] == f"s3://out/folder/{identity}.out"
        assert answer.headers["x-amzn-sagemaker-failurelocation"] == f"s3://out/bad/{identity}-error.out"
        named = await service.ask(InputLocation=INPUT, S3OutputPathExtension="day/1", Filename="a.json")
        assert named.headers["x-amzn-sagemaker-outputlocation"] == "s3://out/folder/day/1/a.json"


async def test_error_of_the_model_is_kept_and_told(tmp_path, shared_container):
    async with plane(tmp_path) as service:
        service.buckets.objects[ACCOUNT, "s3://in/bad"] = b"status 500 bad row"
        await service.route(
            shared_container.instance(), config={**CONFIG, "include_response_in": ["ERROR_NOTIFICATION_TOPIC"]}
        )
        failure = (await service.ask(InputLocation="s3://in/bad")).headers["x-amzn-sagemaker-failurelocation"]
        message = await service.buckets.message()
        assert service.buckets.objects[ACCOUNT, failure] == b"bad row"
        assert service.buckets.messages[0][0] == ERROR
        assert message["invocationStatus"] == "Failed"
        assert message["failureReason"].startswith("ClientError: Received server error (500) from model.")
        assert message["responseParameters"]["failureLocation"] == failure
        assert base64.b64decode(message["responseBody"]["content"]) == b"bad row"
        await emptied(tmp_path)


@pytest.mark.parametrize(
    ("config", "location", "words"),
    [
        (CONFIG, "s3://in/absent", "Failed to download input from s3://in/absent: NoSuchKey"),
        ({**CONFIG, "output": "s3://absent/x"}, INPUT, "Failed to upload s3://absent/x/"),
    ],
)
async def test_what_s3_refuses_fails_the_request(tmp_path, shared_container, config, location, words):
    async with plane(tmp_path) as service:
        await service.route(shared_container.instance(), config=config)
        await service.ask(InputLocation=location)
        message = await service.buckets.message()
        assert message["invocationStatus"] == "Failed"
        assert words in message["failureReason"]
        assert "responseParameters" not in message


async def test_model_that_takes_longer_than_the_caller_gave_it_fails(tmp_path, shared_container):
    async with plane(tmp_path) as service:
        service.buckets.objects[ACCOUNT, "s3://in/slow"] = b"sleep 30"
        await service.route(shared_container.instance())
        await service.ask(InputLocation="s3://in/slow", InvocationTimeoutSeconds="1")
        assert "within 1 seconds" in (await service.buckets.message())["failureReason"]


async def test_requests_wait_for_instances_and_are_taken_in_turn_as_many_as_allowed(tmp_path, container):
    slow = await asyncio.to_thread(container, "slow")
    async with plane(tmp_path) as service, httpx.AsyncClient() as client:
        service.buckets.objects[ACCOUNT, "s3://in/slow"] = b"sleep 0.4"
        config = {**CONFIG, "max_concurrent": 2}
        await service.route(config=config)
        ids = [(await service.ask(InputLocation="s3://in/slow")).json()["InferenceId"] for _ in range(5)]
        assert service.buckets.messages == []
        await service.route(slow.instance(), config=config)
        most = 0
        while len(service.buckets.messages) < 5:
            most = max(most, int((await client.get(f"{slow.url}/held")).text))
            await asyncio.sleep(0.02)
        assert most == 2
        order = [message["inferenceId"] for _, message in service.buckets.messages]
        assert [set(order[:2]), set(order[2:4]), set(order[4:])] == [set(ids[:2]), set(ids[2:4]), set(ids[4:])]


async def test_instance_that_refuses_connections_loses_no_request(tmp_path, shared_container):
    async with plane(tmp_path) as service:
        await service.route(NOWHERE)
        await service.ask(InputLocation=INPUT)
        await service.route(NOWHERE, shared_container.instance())
        assert (await service.buckets.message())["invocationStatus"] == "Completed"


async def test_accepted_request_is_done_after_a_crash(tmp_path, container, shared_container):
    slow = await asyncio.to_thread(container, "slow")
    async with plane(tmp_path) as service:
        service.buckets.objects[ACCOUNT, "s3://in/held"] = b"sleep 1"
        await service.route(slow.instance(), config={**CONFIG, "max_concurrent": 1})
        ids = {(await service.ask(InputLocation=uri)).json()["InferenceId"] for uri in ("s3://in/held", INPUT)}
    assert left(tmp_path) == 2
    buckets = Buckets()
    buckets.objects[ACCOUNT, "s3://in/held"] = b"sleep 0"
    async with plane(tmp_path, buckets):
        await buckets.message(2)
        assert {message["inferenceId"] for _, message in buckets.messages} == ids
        await emptied(tmp_path)


async def test_request_outlives_an_edge_that_is_away(tmp_path, shared_container, monkeypatch):
    monkeypatch.setattr(async_run, "AGAIN_SECONDS", (0.05, 0.1))
    async with plane(tmp_path) as service:
        await service.route(shared_container.instance())
        service.buckets.away = True
        assert (await service.ask(InputLocation=INPUT)).status_code == 202
        await service.buckets.refusals(3)
        assert left(tmp_path) == 1
        service.buckets.away = False
        assert (await service.buckets.message())["invocationStatus"] == "Completed"


async def test_request_that_nobody_took_in_time_expires(tmp_path):
    async with plane(tmp_path) as service:
        await service.route()
        await service.ask(InputLocation=INPUT, RequestTTLSeconds="60")
        with sqlite3.connect(tmp_path / "async.db") as connection:
            document = json.loads(connection.execute("SELECT document FROM requests").fetchone()[0])
            past = {"accepted": document["accepted"] - 61, "expires": document["expires"] - 61}
            connection.execute("UPDATE requests SET document = ?", (json.dumps(document | past),))
    async with plane(tmp_path) as service:
        message = await service.buckets.message()
        assert service.buckets.messages[0][0] == ERROR
        assert message["invocationStatus"] == "Expired"
        assert "more than 60 seconds" in message["failureReason"]
        await emptied(tmp_path)


async def test_requests_of_a_deleted_endpoint_are_dropped(tmp_path):
    async with plane(tmp_path) as service:
        await service.route()
        await service.ask(InputLocation=INPUT)
        await service.remove()
        await emptied(tmp_path)
        assert service.buckets.messages == []


async def test_endpoint_without_configuration_takes_none(tmp_path, shared_container):
    async with plane(tmp_path) as service:
        await service.route(shared_container.instance(), config=None)
        answer = await service.ask(InputLocation=INPUT)
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "ValidationError")
        assert "AsyncInferenceConfig" in answer.json()["Message"]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "inputLocation"),
        ({"InputLocation": "https://in/row.csv"}, "inputLocation"),
        ({"InputLocation": "s3://bucket-alone"}, "inputLocation"),
        ({"InputLocation": INPUT, "RequestTTLSeconds": "59"}, "requestTTLSeconds"),
        ({"InputLocation": INPUT, "RequestTTLSeconds": "21601"}, "requestTTLSeconds"),
        ({"InputLocation": INPUT, "InvocationTimeoutSeconds": "0"}, "invocationTimeoutSeconds"),
        ({"InputLocation": INPUT, "InvocationTimeoutSeconds": "3601"}, "invocationTimeoutSeconds"),
        ({"InputLocation": INPUT, "InvocationTimeoutSeconds": "soon"}, "invocationTimeoutSeconds"),
        ({"InputLocation": INPUT, "Inference_Id": "x" * 65}, "inferenceId"),
        ({"InputLocation": INPUT, "Custom_Attributes": "x" * 1025}, "customAttributes"),
    ],
)
async def test_request_out_of_bounds_is_refused_and_not_kept(tmp_path, headers, words):
    async with plane(tmp_path) as service:
        await service.route()
        answer = await service.ask(**headers)
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "ValidationError")
        assert f"at '{words}'" in answer.json()["Message"]
        assert left(tmp_path) == 0


async def test_request_that_can_not_be_written_is_not_accepted(tmp_path):
    async with plane(tmp_path) as service:
        await service.route()
        with sqlite3.connect(tmp_path / "async.db") as connection:
            connection.execute("DROP TABLE requests")
        answer = await service.ask(InputLocation=INPUT)
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (503, "ServiceUnavailable")


async def test_unsigned_request_is_refused(tmp_path):
    async with plane(tmp_path) as service:
        await service.route()
        answer = await service._client.post("/endpoints/e/async-invocations")
        assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
