"""Data capture: requests and answers as lines, on disk before the client has its answer, and in S3 soon after.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html
"""

from __future__ import annotations

import base64
import json
import random
import time
from datetime import UTC, datetime
from functools import lru_cache

from obsiverse_endpoints.capture_files import CaptureFiles, Place
from obsiverse_endpoints.exchange import CUSTOM_ATTRIBUTES, INFERENCE_ID, Outcome
from obsiverse_endpoints.routes import CaptureDocument

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


class Capture:
    """Samples outcomes. `rng` decides which are kept."""

    def __init__(self, files: CaptureFiles, rng: random.Random) -> None:
        self._files = files
        self._rng = rng

    def saw(self, outcome: Outcome) -> None:
        """Keep an outcome if its endpoint is captured and the sample has it; what failed is not captured."""
        document = outcome.exchange.route.capture
        if document is None or outcome.answer is None or not 200 <= outcome.status < 300:
            return
        if document.percentage < 100 and self._rng.random() * 100 >= document.percentage:
            return
        now = time.time()
        place = Place(outcome.exchange.key, outcome.variant, document.destination)
        self._files.append(place, line(document, outcome, now), now)


def line(document: CaptureDocument, outcome: Outcome, now: float) -> bytes:
    """A captured exchange as AWS writes it, with its newline. `now`: Unix seconds."""
    exchange, answer = outcome.exchange, outcome.answer
    assert answer is not None
    data: dict[str, object] = {}
    if document.input:
        content_type = exchange.passed.get("Content-Type", "")
        data["endpointInput"] = _side(document, "INPUT", content_type, exchange.body)
    if document.output:
        content_type = answer.headers.get("Content-Type", "")
        data["endpointOutput"] = _side(document, "OUTPUT", content_type, answer.body)
    event: dict[str, object] = {"eventId": exchange.id}
    if CUSTOM_ATTRIBUTES in exchange.passed:
        event["customAttributes"] = [exchange.passed[CUSTOM_ATTRIBUTES]]
    if INFERENCE_ID in exchange.passed:
        event["inferenceId"] = exchange.passed[INFERENCE_ID]
    event["inferenceTime"] = _stamp(int(now))
    if outcome.shadow:
        event["invocationSource"] = "ShadowExperiment"
    whole = {"captureData": data, "eventMetadata": event, "eventVersion": "0"}
    return _ENCODER.encode(whole).encode() + b"\n"


@lru_cache(maxsize=1)
def _stamp(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _side(document: CaptureDocument, mode: str, content_type: str, body: bytes) -> dict[str, str]:
    encoding = document.encoding(content_type)
    text: str | None = None
    if encoding != "BASE64":
        try:
            text = body.decode()
        except UnicodeDecodeError:
            # What is said to be text and is none can stand in JSON in no other way.
            encoding = "BASE64"
    data = base64.b64encode(body).decode() if text is None else text
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}
