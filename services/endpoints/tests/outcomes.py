"""What a variant made of a request, made up."""

from __future__ import annotations

from datetime import UTC, datetime

from obsiverse_endpoints.exchange import Exchange, Outcome
from obsiverse_endpoints.routes import CaptureDocument, RouteDocument, RouteKey
from obsiverse_endpoints.upstream import Answer

KEY = RouteKey("111111111111", "eu-west-1", "e")
NOW = datetime(2026, 3, 4, 5, 6, 7, 89000, UTC).timestamp()


def document(**changes):
    whole = {
        "destination": "s3://bucket/some/prefix/",
        "percentage": 100,
        "input": True,
        "output": True,
        "csv_types": ["text/csv"],
        "json_types": ["application/json"],
    }
    return CaptureDocument.model_validate({**whole, **changes})


def outcome(body=b"1,2", content_type="text/csv", answer=b"0.5", status=200, capture=None, enhanced=False, **headers):
    exchange = Exchange({"path_params": {"endpoint": "e"}, "headers": [], "raw_path": b"", "query_string": b""})
    exchange.key, exchange.body = KEY, body
    exchange.passed = {"Content-Type": content_type, **headers}
    variant = {"name": "AllTraffic", "weight": 1}
    exchange.route = RouteDocument.model_validate(
        {"arn": "a", "variants": [variant], "capture": capture, "enhanced": enhanced}
    )
    answered = Answer(status, {"Content-Type": "text/csv; charset=utf-8"}, answer)
    return Outcome(exchange, "AllTraffic", status, answered, model_seconds=0.001, instances=1, instance="i-1")
