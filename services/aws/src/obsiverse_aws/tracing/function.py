"""Invocations of Lambda functions: the service's segment, and in it the function's.

https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from obsiverse_aws.tracing import trace_header
from obsiverse_aws.tracing.sampler import Sampler
from obsiverse_aws.tracing.sender import Sender
from obsiverse_aws.tracing.trace_header import TraceHeader

SERVICE, FUNCTION = "AWS::Lambda", "AWS::Lambda::Function"


@dataclass(frozen=True)
class TracedInvocation:
    """One invocation.

    Attributes:
        header: what the function finds in _X_AMZN_TRACE_ID.
    """

    header: TraceHeader
    came: TraceHeader
    service: str
    began: float


class FunctionTracing:
    """Traces invocations; nothing is kept of those that are not sampled."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._sampler = Sampler()

    def begin(self, header: str, *, active: bool) -> TracedInvocation:
        """An invocation arrives.

        Args:
            header: X-Amzn-Trace-Id as it came.
            active: the function's TracingConfig; with PassThrough only what its caller decided counts.
        """
        came = trace_header.parse(header) or TraceHeader(trace_header.new_root(), None, None)
        sampled = came.sampled
        if sampled is None:
            sampled = active and self._sampler.sample()
        own = TraceHeader(came.root, trace_header.new_id(), sampled)
        return TracedInvocation(own, came, trace_header.new_id(), time.time())

    def end(
        self, invocation: TracedInvocation, arn: str, request_id: str, error: bytes | None, *, init: float | None
    ) -> None:
        """It was answered.

        Args:
            arn: the version's that ran.
            error: the error document, where it failed.
            init: seconds that its environment took to start; None for one that was there.
        """
        if not invocation.header.sampled:
            return
        ended = time.time()
        _, _, _, region, account, _, name = arn.split(":")[:7]
        common: dict[str, Any] = {
            "trace_id": invocation.header.root,
            "name": name,
            "end_time": ended,
            "aws": {"account_id": account, "function_arn": arn, "resource_arn": arn, "request_id": request_id},
            **({"fault": True, "cause": _cause(error)} if error is not None else {}),
        }
        service = {
            **common,
            "id": invocation.service,
            "origin": SERVICE,
            "start_time": invocation.began,
            "http": {"response": {"status": 200}},
        }
        # X-Ray knows a parent only where a caller is traced.
        if invocation.came.parent:
            service["parent_id"] = invocation.came.parent
        function = {
            **common,
            "id": invocation.header.parent,
            "parent_id": invocation.service,
            "origin": FUNCTION,
            "start_time": invocation.began,
            "subsegments": [
                *([_part("Initialization", invocation.began - init, invocation.began)] if init is not None else []),
                _part("Invocation", invocation.began, ended),
            ],
        }
        for segment in (service, function):
            self._sender.put(account, region, segment)


def _part(name: str, start: float, end: float) -> dict[str, Any]:
    return {"id": trace_header.new_id(), "name": name, "start_time": start, "end_time": end}


def _cause(document: bytes) -> dict[str, Any]:
    try:
        error: Any = json.loads(document)
    except ValueError:
        error = {}
    if not isinstance(error, dict):
        error = {}
    exception = {
        "id": trace_header.new_id(),
        "type": str(error.get("errorType") or "Error"),  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        "message": str(error.get("errorMessage") or "")[:1000],  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    }
    return {"exceptions": [exception]}
