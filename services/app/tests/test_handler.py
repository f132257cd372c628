"""The function's handler, with SageMaker and S3 answered by botocore's own stubs."""

from __future__ import annotations

import base64
import importlib
import io
import json
from types import ModuleType, SimpleNamespace

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

CONTEXT = SimpleNamespace(aws_request_id="r1")


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
        "ENDPOINT_NAME": "clinical",
        "BUCKET": "answers",
    }.items():
        monkeypatch.setenv(name, value)
    return importlib.reload(importlib.import_module("handler"))


def predicted(body: bytes) -> dict[str, object]:
    stream = StreamingBody(io.BytesIO(body), len(body))
    return {"Body": stream, "ContentType": "application/json", "InvokedProductionVariant": "AllTraffic"}


@pytest.mark.parametrize("encoded", [False, True])
def test_rows_are_predicted_and_the_answer_is_stored(handler: ModuleType, encoded: bool):
    asked = {"EndpointName": "clinical", "ContentType": "text/csv", "Accept": "application/json", "Body": b"1,2"}
    with Stubber(handler.sagemaker) as sagemaker, Stubber(handler.s3) as s3:
        sagemaker.add_response("invoke_endpoint", predicted(b"[1]"), {**asked, "CustomAttributes": ANY})
        stored = {"Bucket": "answers", "Key": "predictions/r1.json", "ContentType": "application/json", "Body": ANY}
        s3.add_response("put_object", {}, stored)
        body = base64.b64encode(b"1,2").decode() if encoded else "1,2"
        answer = handler.handler({"body": body, "isBase64Encoded": encoded}, CONTEXT)
        sagemaker.assert_no_pending_responses()
        s3.assert_no_pending_responses()
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {
        "predictions": [1],
        "variant": "AllTraffic",
        "stored": "s3://answers/predictions/r1.json",
    }


def test_an_empty_body_is_refused_before_anything_is_asked(handler: ModuleType):
    assert handler.handler({"body": None}, CONTEXT)["statusCode"] == 400


@pytest.mark.parametrize(("of_model", "answered"), [(400, 400), (500, 502)])
def test_an_error_of_the_model_is_told(handler: ModuleType, of_model: int, answered: int):
    with Stubber(handler.sagemaker) as sagemaker:
        sagemaker.add_client_error(
            "invoke_endpoint",
            "ModelError",
            "Received an error",
            424,
            modeled_fields={"OriginalStatusCode": of_model, "OriginalMessage": "bad rows"},
        )
        answer = handler.handler({"body": "x"}, CONTEXT)
    assert (answer["statusCode"], json.loads(answer["body"])) == (answered, {"message": "bad rows"})
