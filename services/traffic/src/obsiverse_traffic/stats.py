"""What happened to the requests: totals since the start, and latencies of the last minute."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector
from prometheus_client import Counter as PrometheusCounter

WINDOW_SECONDS = 60.0
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Stats:
    """Counts and latencies. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = time.time()
        self._errors: Counter[str] = Counter()
        self._latencies: deque[tuple[float, float]] = deque()
        self.sent = self.ok = self.dropped = 0
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = PrometheusCounter(
            "traffic_requests", "Requests that ended, by code.", ("endpoint", "code"), registry=self.registry
        )
        self._dropped = PrometheusCounter(
            "traffic_dropped", "Requests never sent for lack of room.", registry=self.registry
        )
        self._duration = Histogram(
            "traffic_request_duration_seconds", "Time to a good answer.", buckets=_BUCKETS, registry=self.registry
        )
        self._rate = Gauge("traffic_rate", "Requests per second wanted; 0 while stopped.", registry=self.registry)

    @property
    def in_flight(self) -> int:
        """Requests sent that have not ended."""
        return self.sent - self.ok - self._errors.total()

    def wanted(self, rate: float) -> None:
        """The schedule's rate is now this, in requests per second."""
        self._rate.set(rate)

    def drop(self, count: int = 1) -> None:
        """So many requests were due and not sent."""
        self.dropped += count
        self._dropped.inc(count)

    def begin(self) -> float:
        """A request is sent; what `succeed` wants to be given."""
        self.sent += 1
        return self._clock()

    def succeed(self, endpoint: str, began: float) -> None:
        """A request was answered well."""
        now = self._clock()
        self.ok += 1
        self._requests.labels(endpoint, "200").inc()
        self._duration.observe(now - began)
        self._latencies.append((now, now - began))
        self._forget(now)

    def fail(self, endpoint: str, code: str) -> None:
        """A request ended with this error code."""
        self._errors[code] += 1
        self._requests.labels(endpoint, code).inc()

    def snapshot(self) -> dict[str, Any]:
        """The document of GET /stats; latencies in seconds, null where nothing was answered."""
        self._forget(self._clock())
        latencies = sorted(seconds for _, seconds in self._latencies)
        return {
            "since": self._since,
            "sent": self.sent,
            "ok": self.ok,
            "errors": dict(self._errors),
            "dropped": self.dropped,
            "in_flight": self.in_flight,
            "last_minute": {
                "ok": len(latencies),
                "latency_seconds": {name: _quantile(latencies, q) for name, q in _QUANTILES.items()},
            },
        }

    def _forget(self, now: float) -> None:
        while self._latencies and self._latencies[0][0] < now - WINDOW_SECONDS:
            self._latencies.popleft()


def _quantile(ordered: list[float], quantile: float) -> float | None:
    """By nearest rank."""
    if not ordered:
        return None
    return ordered[max(1, math.ceil(quantile * len(ordered))) - 1]
