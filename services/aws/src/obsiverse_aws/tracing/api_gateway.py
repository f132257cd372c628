"""REST APIs whose stage has tracing enabled: a segment for each request, and the trace told to the integration."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from obsiverse_aws.tracing import trace_header
from obsiverse_aws.tracing.sampler import Sampler
from obsiverse_aws.tracing.sender import Sender
from obsiverse_aws.tracing.trace_header import TraceHeader

TO_INTEGRATION: ContextVar[str | None] = ContextVar("to_integration", default=None)
"""The header for calls that the integration makes of this process' other services."""
ORIGIN = "AWS::ApiGateway::Stage"


@dataclass
class _Traced:
    """A request that is traced, from its arrival."""

    came: TraceHeader
    segment: str
    call: str
    began: float


class ApiGatewayTracing:
    """Handlers of LocalStack's chain, and what goes around the whole of it."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._sampler = Sampler()

    def begin(self, chain: Any, context: Any, response: Any) -> None:
        """Once the stage is known: decide, and set the header that the integration gets."""
        stage = context.stage_configuration or {}
        came = trace_header.parse(context.request.headers.get(trace_header.NAME))
        came = came or trace_header.from_traceparent(context.request.headers.get("traceparent"))
        if came is None:
            came = TraceHeader(trace_header.new_root(), None, None)
        if not stage.get("tracingEnabled"):
            # The stage adds nothing of its own, and hands on what came.
            context.trace_id = str(came)
            TO_INTEGRATION.set(context.trace_id if came.parent else None)
            return
        sampled = self._sampler.sample() if came.sampled is None else came.sampled
        traced = _Traced(came, trace_header.new_id(), trace_header.new_id(), time.time())
        context.trace_id = str(TraceHeader(came.root, traced.call, sampled))
        TO_INTEGRATION.set(context.trace_id)
        if sampled:
            context.obsiverse_traced = traced

    def around(self, process: Any) -> Any:
        """The gateway's `process_with_context`, with a segment sent once the answer is made."""

        def processed(gateway: Any, context: Any, response: Any) -> None:
            token = TO_INTEGRATION.set(None)
            try:
                process(gateway, context, response)
            finally:
                TO_INTEGRATION.reset(token)
                traced: _Traced | None = getattr(context, "obsiverse_traced", None)
                if traced is not None:
                    self._sender.put(
                        context.deployment.account_id, context.deployment.region, _segment(traced, context, response)
                    )

        return processed


def _segment(traced: _Traced, context: Any, response: Any) -> dict[str, Any]:
    ended, status = time.time(), int(response.status_code)
    outcome = _outcome(status)
    account, region = context.deployment.account_id, context.deployment.region
    name = f"{context.deployment.rest_api.rest_api['name']}/{context.stage}"
    request = context.request
    segment: dict[str, Any] = {
        "id": traced.segment,
        "trace_id": traced.came.root,
        "name": name,
        "origin": ORIGIN,
        "start_time": traced.began,
        "end_time": ended,
        "resource_arn": f"arn:aws:apigateway:{region}::/restapis/{context.api_id}/stages/{context.stage}",
        "http": {
            "request": {
                "url": f"https://{context.api_id}.execute-api.{region}.amazonaws.com{_path(context)}",
                "method": request.method,
                "user_agent": request.headers.get("User-Agent", ""),
                "client_ip": request.remote_addr or "127.0.0.1",
                "x_forwarded_for": True,
            },
            "response": {"status": status, "content_length": int(response.content_length or 0)},
        },
        "aws": {
            "api_gateway": {"account_id": account, "rest_api_id": context.api_id, "stage": context.stage},
            "account_id": account,
            "region": region,
            "resource_arn": f"arn:aws:apigateway:{region}::/restapis/{context.api_id}/stages/{context.stage}",
        },
        **outcome,
    }
    if traced.came.parent:
        segment["parent_id"] = traced.came.parent
    call = _call(traced, context, ended, status)
    if call:
        segment["subsegments"] = [call]
    return segment


def _call(traced: _Traced, context: Any, ended: float, status: int) -> dict[str, Any] | None:
    """The integration's call of an AWS service."""
    integration = context.integration or {}
    uri = str(integration.get("uri") or "")
    if integration.get("type") not in ("AWS", "AWS_PROXY") or not uri:
        return None
    # arn:aws:apigateway:REGION:SERVICE:action|path/…
    service = uri.split(":")[4]
    function = uri.rpartition("/functions/")[2].removesuffix("/invocations") if service == "lambda" else None
    return {
        "id": traced.call,
        "name": "Lambda" if function else service,
        "namespace": "aws",
        "start_time": traced.began,
        "end_time": ended,
        "aws": {"operation": "Invoke", "function_arn": function} if function else {},
        "http": {"response": {"status": status}},
        **_outcome(status),
    }


def _path(context: Any) -> str:
    path = str(context.invocation_request["path"]) if context.invocation_request else "/"
    return f"/{context.stage}{path}"


def _outcome(status: int) -> dict[str, bool]:
    if status >= 500:
        return {"fault": True}
    if status >= 400:
        return {"error": True, **({"throttle": True} if status == 429 else {})}
    return {}
