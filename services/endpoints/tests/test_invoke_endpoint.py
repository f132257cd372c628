"""InvokeEndpoint as boto3 sees it."""

from __future__ import annotations

import json

import httpx
import pytest
from botocore.exceptions import ClientError
from obsiverse_endpoints import Settings, create_app
from obsiverse_endpoints.upstream import AiohttpUpstream
from signing import signed

NOWHERE = {"id": "i-gone", "containers": [{"hostname": "c", "url": "http://127.0.0.1:1"}]}


def failure(client, **request):
    """The parsed error of an invocation."""
    with pytest.raises(ClientError) as caught:
        client.invoke_endpoint(**request)
    return caught.value.response


def test_answer_and_its_headers_reach_the_client_and_no_others(service, shared_container):
    service.route("whole", {"AllTraffic": (1, [shared_container.instance()])})
    answer = service.client().invoke_endpoint(
        EndpointName="whole",
        ContentType="text/csv",
        Accept="application/json",
        CustomAttributes="traceparent=00-a-b-01",
        InferenceId="inference-1",
        Body=b"1,2",
    )
    assert answer["ContentType"] == "application/x-test"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["CustomAttributes"] == "answered=yes"
    assert answer["NewSessionId"].startswith("s1;")
    assert answer["ResponseMetadata"]["RequestId"]
    assert "x-secret" not in answer["ResponseMetadata"]["HTTPHeaders"]
    got = json.loads(answer["Body"].read())
    assert got["size"] == 3
    assert got["headers"]["content-type"] == "text/csv"
    assert got["headers"]["accept"] == "application/json"
    assert got["headers"]["x-amzn-sagemaker-custom-attributes"] == "traceparent=00-a-b-01"
    assert got["headers"]["x-amzn-sagemaker-inference-id"] == "inference-1"


def test_headers_outside_the_operation_are_stripped(service, shared_container):
    service.route("stripped", {"AllTraffic": (1, [shared_container.instance()])})
    url = f"{service.url}/endpoints/stripped/invocations"
    answer = httpx.post(
        url,
        headers={**signed(url, b"1"), "traceparent": "00-a-b-01", "X-Custom": "1", "Cookie": "a=b"},
        content=b"1",
    )
    assert answer.status_code == 200
    assert set(answer.json()["headers"]) <= {"host", "accept", "content-length"}


def test_endpoint_of_another_account_or_region_is_not_found(service, shared_container):
    service.route("mine", {"AllTraffic": (1, [shared_container.instance()])})
    for client, account in (
        (service.client(account="111111111111"), "111111111111"),
        (service.client(region="eu-west-1"), "000000000000"),
    ):
        response = failure(client, EndpointName="mine", Body=b"1")
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert response["Error"] == {
            "Code": "ValidationError",
            "Message": f"Endpoint mine of account {account} not found.",
        }


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (404, "client"), (500, "server"), (503, "server")])
def test_error_of_the_container_is_a_model_error(service, shared_container, status, side):
    service.route("failing", {"AllTraffic": (1, [shared_container.instance()])})
    client = service.client()
    with pytest.raises(client.exceptions.ModelError) as caught:
        client.invoke_endpoint(EndpointName="failing", Body=f"status {status} bad row")
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] == "bad row"
    assert response["LogStreamArn"] == "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/failing"
    assert response["Error"]["Message"].startswith(
        f'Received {side} error ({status}) from primary with message "bad row".'
    )


def test_container_that_dies_while_it_works_is_unavailable_and_its_request_not_given_to_another(service, container):
    dying, other = container("dying"), container("other")
    service.route("dying", {"AllTraffic": (1, [dying.instance(), other.instance()])})
    client = service.client()
    with pytest.raises(client.exceptions.ServiceUnavailable, match="ended while it worked on the request"):
        client.invoke_endpoint(EndpointName="dying", Body=b"exit now")
    assert {dying.popen.poll(), other.popen.poll()} != {1}, "the request was given to a second container"


async def test_container_that_does_not_answer_in_time_is_a_model_error(tmp_path, shared_container):
    app = create_app(Settings(data=tmp_path), AiohttpUpstream(answer_seconds=0.1))
    document = {"arn": "a", "variants": [{"name": "v", "weight": 1, "instances": [shared_container.instance()]}]}
    transport = httpx.ASGITransport(app)
    async with (
        app.other.router.lifespan_context(app.other),
        httpx.AsyncClient(transport=transport, base_url="http://e") as client,
    ):
        (await client.put("/_obsiverse/routes/000000000000/us-east-1/slow", json=document)).raise_for_status()
        headers = signed("http://e/endpoints/slow/invocations", b"sleep 5")
        answer = await client.post("/endpoints/slow/invocations", headers=headers, content=b"sleep 5")
    assert answer.status_code == 424
    assert answer.headers["x-amzn-errortype"] == "ModelError"
    assert answer.json()["OriginalStatusCode"] == 0
    assert "timed out" in answer.json()["OriginalMessage"]


def test_target_variant_is_asked_whatever_its_weight(service, container):
    blue, green = container("blue"), container("green")
    service.route("two", {"blue": (1, [blue.instance()]), "green": (0, [green.instance()])})
    client = service.client()
    answers = [client.invoke_endpoint(EndpointName="two", Body=b"1") for _ in range(10)]
    assert {answer["InvokedProductionVariant"] for answer in answers} == {"blue"}
    answer = client.invoke_endpoint(EndpointName="two", TargetVariant="green", Body=b"1")
    assert answer["InvokedProductionVariant"] == "green"
    assert json.loads(answer["Body"].read())["name"] == "green"
    response = failure(client, EndpointName="two", TargetVariant="red", Body=b"1")
    assert response["Error"]["Code"] == "ValidationError"
    assert "red" in response["Error"]["Message"]


def test_variant_without_instances_is_not_ready(service):
    service.route("empty", {"AllTraffic": (1, [])})
    client = service.client()
    with pytest.raises(client.exceptions.ModelNotReadyException) as caught:
        client.invoke_endpoint(EndpointName="empty", Body=b"1")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_refused_connection_goes_to_another_instance(service, shared_container):
    service.route("half", {"AllTraffic": (1, [NOWHERE, shared_container.instance()])})
    client = service.client()
    for _ in range(4):
        answer = client.invoke_endpoint(EndpointName="half", Body=b"1")
        assert json.loads(answer["Body"].read())["name"] == "shared"


def test_service_is_unavailable_where_every_instance_refuses(service):
    service.route("gone", {"AllTraffic": (1, [NOWHERE])})
    client = service.client()
    with pytest.raises(client.exceptions.ServiceUnavailable) as caught:
        client.invoke_endpoint(EndpointName="gone", Body=b"1")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_body_of_six_megabytes_passes_and_one_byte_more_does_not(service, shared_container):
    service.route("large", {"AllTraffic": (1, [shared_container.instance()])})
    client = service.client()
    limit = 6 * 1024 * 1024
    assert json.loads(client.invoke_endpoint(EndpointName="large", Body=b"x" * limit)["Body"].read())["size"] == limit
    response = failure(client, EndpointName="large", Body=b"x" * (limit + 1))
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert response["Error"] == {"Code": "413", "Message": f"HTTP content length exceeded {limit} bytes."}


def test_custom_attributes_over_their_length_are_a_validation_error(service, shared_container):
    service.route("long", {"AllTraffic": (1, [shared_container.instance()])})
    response = failure(service.client(), EndpointName="long", CustomAttributes="a" * 1025, Body=b"1")
    assert response["Error"]["Code"] == "ValidationError"
    assert "customAttributes" in response["Error"]["Message"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 403, "MissingAuthenticationTokenException"),
        ({"Authorization": "Bearer token"}, 400, "IncompleteSignatureException"),
    ],
)
def test_request_without_a_signature_is_refused(service, headers, status, code):
    answer = httpx.post(f"{service.url}/endpoints/any/invocations", headers=headers, content=b"1")
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (status, code)
    assert answer.json()["message"]


def test_operation_that_is_not_here_says_so(service):
    answer = httpx.post(f"{service.url}/endpoints/any/no-such-operation", content=b"1")
    assert answer.status_code == 404
    assert answer.headers["x-amzn-errortype"] == "UnknownOperationException"
