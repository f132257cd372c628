"""What SNS is told of an asynchronous request.

https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-check-predictions.html
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from obsiverse_endpoints.async_request import AsyncRequest

RESPONSE_MAX = 128 * 1024  # bytes of a response that a notification holds
_SEE_ELSEWHERE = "Check S3 path location(if configured) or Cloudwatch for additional details."

Status = Literal["Completed", "Failed", "Expired"]


class Outcome(NamedTuple):
    """How a request ended.

    Attributes:
        reason: why it failed.
        body: what the container answered, if it did.
        written: where in S3 that lies, if it does.
    """

    status: Status
    reason: str | None = None
    content_type: str | None = None
    body: bytes | None = None
    written: str | None = None


def notification(request: AsyncRequest, outcome: Outcome, now: float) -> str:
    """The message, a JSON document."""
    completed = outcome.status == "Completed"
    parameters = {
        "accept": request.headers.get("Accept"),
        "contentType": request.headers.get("Content-Type"),
        "endpointName": request.endpoint,
        "inputLocation": request.input,
    }
    message: dict[str, Any] = {
        "awsRegion": request.region,
        "eventTime": _time(now),
        "receivedTime": _time(request.accepted),
        "invocationStatus": outcome.status,
    }
    if outcome.reason:
        message["failureReason"] = outcome.reason
    message["requestParameters"] = _present(parameters)
    response = {
        "contentType": outcome.content_type,
        "outputLocation" if completed else "failureLocation": outcome.written,
    }
    if outcome.written:
        message["responseParameters"] = _present(response)
    topic = "SUCCESS_NOTIFICATION_TOPIC" if completed else "ERROR_NOTIFICATION_TOPIC"
    if topic in request.config.include_response_in and outcome.body is not None:
        message["responseBody"] = _response_body(outcome.body)
    message |= {
        "inferenceId": request.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    return json.dumps(message, separators=(",", ":"))


def _response_body(body: bytes) -> dict[str, str]:
    if len(body) > RESPONSE_MAX:
        return {"message": _SEE_ELSEWHERE}
    return {"content": base64.b64encode(body).decode(), "message": _SEE_ELSEWHERE, "encoding": "BASE64"}


def _present(members: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
