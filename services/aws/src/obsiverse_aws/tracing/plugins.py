"""What LocalStack finds by entry points: its services' segments go to X-Ray's data plane, where there is one."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from localstack.runtime import hooks

from obsiverse_aws.tracing import trace_header
from obsiverse_aws.tracing.api_gateway import TO_INTEGRATION, ApiGatewayTracing
from obsiverse_aws.tracing.function import FunctionTracing
from obsiverse_aws.tracing.sender import Sender


@cache
def sender() -> Sender | None:
    """The one of this process; none where TELEMETRY_ADDR (host:port) is not set."""
    address = os.environ.get("TELEMETRY_ADDR")
    return Sender(address) if address else None


@cache
def function_tracing() -> FunctionTracing | None:
    """Of Lambda's invocations."""
    found = sender()
    return FunctionTracing(found) if found else None


@hooks.on_infra_start()
def trace_requests() -> None:
    """Trace API Gateway, and carry traces from service to service."""
    from localstack.aws import connect
    from localstack.aws.handlers import preprocess_request
    from localstack.services.apigateway.next_gen.execute_api import gateway, handlers
    from localstack.utils.xray.trace_header import TraceHeader

    found = sender()
    if found is None:
        return
    preprocess_request.append(take_traceparent)
    tracing = ApiGatewayTracing(found)
    handlers.preprocess_request.append(tracing.begin)
    gateway.RestApiGateway.process_with_context = tracing.around(gateway.RestApiGateway.process_with_context)
    connect._handler_inject_dto_header = _with_trace(connect._handler_inject_dto_header)  # type: ignore[attr-defined]
    TraceHeader.ensure_sampled_exists = _leave_undecided
    TraceHeader.ensure_parent_exists = _leave_alone


@hooks.on_infra_shutdown(priority=100)
def send_the_rest() -> None:
    """Send what waits."""
    found = sender()
    if found is not None:
        found.close()


def take_traceparent(chain: Any, context: Any, response: Any) -> None:
    """Understand callers that speak W3C's Trace Context only."""
    headers = context.request.headers
    if headers.get(trace_header.NAME) is None:
        came = trace_header.from_traceparent(headers.get("traceparent"))
        if came is not None:
            headers[trace_header.NAME] = str(came)


def _with_trace(inject: Any) -> Any:
    """LocalStack's hook for the calls of its services by each other, with the trace of the request that makes them."""

    def injected(*arguments: Any, **members: Any) -> None:
        inject(*arguments, **members)
        header = TO_INTEGRATION.get()
        if header is not None:
            members["params"]["headers"][trace_header.NAME] = header

    return injected


def _leave_undecided(self: Any, sampled: Any = None) -> Any:
    """LocalStack samples what nobody decided on; here Lambda decides."""
    if self._sampled is None:
        self._sampled = "?" if sampled is None else sampled
    return self


def _leave_alone(self: Any) -> Any:
    """LocalStack makes a parent up; here a trace may begin with Lambda."""
    return self
