"""POST /predict: rows of features in CSV to the SageMaker endpoint, and the answer to S3."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import boto3
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

sagemaker = boto3.client("sagemaker-runtime")
s3 = boto3.client("s3")
traceparent = TraceContextTextMapPropagator()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """What API Gateway's proxy integration sends, and takes."""
    body = event.get("body") or ""
    rows = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    if not rows.strip():
        return answer(400, {"message": "The body must hold rows of features in CSV."})
    try:
        predicted = sagemaker.invoke_endpoint(
            EndpointName=os.environ["ENDPOINT_NAME"],
            ContentType="text/csv",
            Accept="application/json",
            Body=rows,
            CustomAttributes=custom_attributes(),
        )
    except sagemaker.exceptions.ModelError as error:
        status = error.response.get("OriginalStatusCode", 502)
        return answer(status if 400 <= status < 500 else 502, {"message": error.response["OriginalMessage"]})
    predictions = json.loads(predicted["Body"].read())
    key = f"predictions/{context.aws_request_id}.json"
    result = {"predictions": predictions, "variant": predicted["InvokedProductionVariant"]}
    s3.put_object(
        Bucket=os.environ["BUCKET"], Key=key, Body=json.dumps(result).encode(), ContentType="application/json"
    )
    return answer(200, {**result, "stored": f"s3://{os.environ['BUCKET']}/{key}"})


def custom_attributes() -> str:
    """The trace for the model's container: SageMaker drops the headers that would carry it."""
    carrier: dict[str, str] = {}
    traceparent.inject(carrier, trace.set_span_in_context(trace.get_current_span()))
    return f"traceparent={carrier['traceparent']}" if carrier else ""


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """What API Gateway makes its answer of."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
