"""What is counted, under SageMaker's own words: invocations, model latency, overhead latency."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from obsiverse_endpoints.exchange import Outcome
from obsiverse_endpoints.routes import RouteKey

_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_OVERHEAD_BUCKETS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1)
_PLACE = ("account", "region", "endpoint", "variant")


class VariantMetrics:
    """One variant's series, looked up once."""

    __slots__ = ("_codes", "_invocations", "_labels", "model_latency", "overhead_latency")

    def __init__(self, metrics: Metrics, labels: tuple[str, str, str, str]) -> None:
        self._invocations = metrics.invocations
        self._labels = labels
        self._codes: dict[int, Counter] = {}
        self.model_latency = metrics.model_latency.labels(*labels)
        self.overhead_latency = metrics.overhead_latency.labels(*labels)

    def count(self, status: int) -> None:
        """One more request that was answered with this HTTP status."""
        counter = self._codes.get(status)
        if counter is None:
            counter = self._codes[status] = self._invocations.labels(*self._labels, status)
        counter.inc()


class Metrics:
    """The service's registry. A name that a caller made up never becomes a label."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.invocations = Counter(
            "endpoints_invocations", "Requests that reached a variant.", (*_PLACE, "code"), registry=self.registry
        )
        self.rejected = Counter(
            "endpoints_rejected", "Requests that reached no variant, by error code.", ("code",), registry=self.registry
        )
        self.model_latency = Histogram(
            "endpoints_model_latency_seconds",
            "Time waiting for the container.",
            _PLACE,
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.overhead_latency = Histogram(
            "endpoints_overhead_latency_seconds",
            "Time in this service, from the request's head to the answer's, without the container's.",
            _PLACE,
            buckets=_OVERHEAD_BUCKETS,
            registry=self.registry,
        )
        self._variants: dict[tuple[RouteKey, str], VariantMetrics] = {}

    def saw(self, outcome: Outcome) -> None:
        """Count an outcome."""
        series = self.variant(outcome.exchange.key, outcome.variant)
        series.count(outcome.status)
        series.model_latency.observe(outcome.model_seconds)
        series.overhead_latency.observe(outcome.overhead_seconds)

    def variant(self, key: RouteKey, name: str) -> VariantMetrics:
        """The series of a variant."""
        found = self._variants.get((key, name))
        if found is None:
            found = self._variants[key, name] = VariantMetrics(self, (key.account, key.region, key.endpoint, name))
        return found
