"""Metrics and captured data on their way to AWS's services, every few seconds and at the end."""

from __future__ import annotations

import asyncio

import structlog

from obsiverse_endpoints.capture_upload import CaptureUpload
from obsiverse_endpoints.cloudwatch import CloudWatchMetrics

FINISH_SECONDS = 5.0
_log = structlog.get_logger()


class Flushing:
    """Flushes every `seconds`, and when told to."""

    def __init__(self, metrics: CloudWatchMetrics, capture: CaptureUpload, seconds: float) -> None:
        self._metrics = metrics
        self._capture = capture
        self._seconds = seconds
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Flush until cancelled; what an earlier process left is taken along first."""
        while True:
            try:
                await self.flush()
            except Exception as error:  # noqa: BLE001 - the next flush may do better, and without this one there were none
                _log.error("flush failed", exc_info=error)
            await asyncio.sleep(self._seconds)

    async def flush(self, *, everything: bool = False) -> None:
        """Put metrics, and the captured files that are due, or all."""
        async with self._turn:
            await self._metrics.flush()
            await self._capture.flush(everything=everything)

    async def finish(self) -> None:
        """A last flush; what it does not reach stays on disk for the next process."""
        try:
            await asyncio.wait_for(self.flush(everything=True), FINISH_SECONDS)
        except TimeoutError:
            _log.warning("the last flush did not end in time")
