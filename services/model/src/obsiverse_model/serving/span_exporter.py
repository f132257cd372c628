"""Spans that outlive a collector that is away: OpenTelemetry's exporter gives a batch up after its time-out, and this one keeps it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

KEPT_MAX = 20_000
"""Spans; about a kilobyte each."""
BATCH = 512
AGAIN_SECONDS = 2.0


class KeepingExporter(SpanExporter):
    """Sends by another exporter; what that can't send waits, the oldest go where there is no room, and they are counted.

    Args:
        dropped: told how many spans were dropped.
    """

    def __init__(self, exporter: SpanExporter, dropped: Callable[[int], None], kept_max: int = KEPT_MAX) -> None:
        self._exporter = exporter
        self._dropped = dropped
        self._kept_max = kept_max
        self._kept: deque[ReadableSpan] = deque()
        self._turn = threading.Lock()
        self._again: threading.Timer | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Keep spans, and send what is kept as far as it is taken."""
        with self._turn:
            self._kept.extend(spans)
            if (too_many := len(self._kept) - self._kept_max) > 0:
                for _ in range(too_many):
                    self._kept.popleft()
                self._dropped(too_many)
            self._send()
            if self._kept and self._again is None:
                self._again = threading.Timer(AGAIN_SECONDS, self._try_again)
                self._again.daemon = True
                self._again.start()
        return SpanExportResult.SUCCESS

    def _try_again(self) -> None:
        with self._turn:
            self._again = None
        self.export(())

    def _send(self) -> None:
        while self._kept:
            batch = list(islice(self._kept, BATCH))
            if self._exporter.export(batch) is not SpanExportResult.SUCCESS:
                return
            for _ in batch:
                self._kept.popleft()

    def shutdown(self) -> None:
        """Try once more, and count what is lost."""
        with self._turn:
            if self._again is not None:
                self._again.cancel()
            self._send()
            if self._kept:
                self._dropped(len(self._kept))
                self._kept.clear()
            self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Try once more; whether nothing waits."""
        self.export(())
        return not self._kept
