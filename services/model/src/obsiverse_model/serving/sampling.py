"""Which traces are begun here: X-Ray's default rule, where the caller has not decided."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_ON,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

FIXED_RATE = 0.05
CHOSEN = "OTEL_TRACES_SAMPLER"


class XRayDefault(Sampler):
    """One trace a second and 5 % of the others; what links to spans of others is kept if one of these is.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._second = 0
        self._rate = TraceIdRatioBased(FIXED_RATE)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Decide on a trace; from any thread."""
        if links:
            is_kept = any(link.context.trace_flags.sampled for link in links)
            return SamplingResult(Decision.RECORD_AND_SAMPLE if is_kept else Decision.DROP, attributes)
        sampler = ALWAYS_ON if self._is_first() else self._rate
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def _is_first(self) -> bool:
        now = int(time.monotonic())
        with self._lock:
            is_first, self._second = now != self._second, now
        return is_first

    def get_description(self) -> str:
        """See the base class."""
        return "XRayDefault"


def sampler() -> Sampler | None:
    """The caller's decision, else X-Ray's default; None where OTEL_TRACES_SAMPLER names another, which the SDK reads itself."""
    return None if os.environ.get(CHOSEN) else ParentBased(XRayDefault())
