"""What is measured and traced, defined once, pushed by OTLP and shown on /metrics."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from opentelemetry.context import Context
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, NoOpTracerProvider, Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from obsiverse_model.serving import gpu_metrics
from obsiverse_model.serving.sampling import sampler
from obsiverse_model.serving.span_exporter import KeepingExporter

# Until the collector answers, nothing waits for it longer than this.
_EXPORT_SECONDS = 2
_EXPORT_INTERVAL_MS = 5000
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
_LABELS = {"endpoint": "aws.sagemaker.endpoint.name", "variant": "aws.sagemaker.variant.name"}
# SageMaker lets a trace through only inside the custom attributes, among whatever else the client puts there.
_TRACEPARENT = re.compile(r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b")
_propagator = TraceContextTextMapPropagator()


class Telemetry:
    """The instruments and the tracer of one serving container.

    The OpenTelemetry variables decide where it goes: without OTEL_EXPORTER_OTLP_ENDPOINT nothing is pushed, and no metrics where
    OTEL_METRICS_EXPORTER is none.
    """

    def __init__(self) -> None:
        resource = Resource.create()
        named = {label: resource.attributes.get(attribute) for label, attribute in _LABELS.items()}
        self._labels = {label: str(value) for label, value in named.items() if value}
        pushed = bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))
        metrics_pushed = pushed and os.environ.get("OTEL_METRICS_EXPORTER") != "none"
        self._meters = MeterProvider(_readers(metrics_pushed), resource)
        meter = self._meters.get_meter("obsiverse_model")
        dropped = meter.create_counter(
            "model.spans.dropped", "{span}", "Spans that a collector was away for too long to get."
        )
        self._tracers = _tracers(resource, dropped.add) if pushed else None
        self._tracer = (self._tracers or NoOpTracerProvider()).get_tracer("obsiverse_model")
        self._invocations = meter.create_counter("model.invocations", "{request}", "Invocations, by HTTP status.")
        self._duration = meter.create_histogram(
            "model.duration",
            "s",
            "From a request's arrival to its answer.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._batch_size = meter.create_histogram(
            "model.batch.size",
            "{request}",
            "Requests given to the model at once.",
            explicit_bucket_boundaries_advisory=_SIZES,
        )
        self._queue_duration = meter.create_histogram(
            "model.queue.duration", "s", "Waiting for the model.", explicit_bucket_boundaries_advisory=_SECONDS
        )
        self._forward_duration = meter.create_histogram(
            "model.forward.duration",
            "s",
            "One call of the model: a batch, or a request alone.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._errors = meter.create_counter("model.errors", "{error}", "Invocations that failed, by kind of error.")
        gpu_metrics.observe(meter, self._labels)
        # What inference.py counts with opentelemetry.metrics.get_meter goes the same ways.
        set_meter_provider(self._meters)

    def invocation(self, custom_attributes: str | None) -> Span:
        """Begin an invocation's span, under the trace that the custom attributes name."""
        found = _TRACEPARENT.search(custom_attributes or "")
        parent = _propagator.extract({"traceparent": found.group()}) if found else Context()
        attributes = {"http.request.method": "POST", "http.route": "/invocations"}
        return self._tracer.start_span("POST /invocations", parent, SpanKind.SERVER, attributes)

    def invoked(self, status: int, seconds: float, waited: float | None) -> None:
        """Count an invocation that was answered; `waited` is its time in the queue if it got there."""
        self._invocations.add(1, {**self._labels, "status": str(status)})
        self._duration.record(seconds, self._labels)
        if waited is not None:
            self._queue_duration.record(waited, self._labels)

    def failed(self, error: Exception) -> None:
        """Count an invocation that was not answered as asked."""
        self._errors.add(1, {**self._labels, "type": type(error).__name__})

    def forwarded(self, seconds: float) -> None:
        """Record a call of the model; from any thread."""
        self._forward_duration.record(seconds, self._labels)

    def batch(self, invocations: list[Span]) -> Span:
        """Begin a batch's span: a trace of its own that links to the invocations in it."""
        self._batch_size.record(len(invocations), self._labels)
        links = [Link(span.get_span_context()) for span in invocations]
        return self._tracer.start_span(
            "predict", Context(), attributes={"model.batch.size": len(invocations)}, links=links
        )

    def shutdown(self) -> None:
        """Push what is left, within a few seconds."""
        if self._tracers is not None:
            self._tracers.shutdown()
        self._meters.shutdown(timeout_millis=_EXPORT_SECONDS * 1000)


def _readers(pushed: bool) -> list[MetricReader]:
    from opentelemetry.exporter.prometheus import PrometheusMetricReader

    readers: list[MetricReader] = [PrometheusMetricReader()]
    if pushed:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        interval = float(os.environ.get("OTEL_METRIC_EXPORT_INTERVAL", _EXPORT_INTERVAL_MS))
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(timeout=_EXPORT_SECONDS), interval))
    return readers


def _tracers(resource: Resource, dropped: Callable[[int], None]) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(sampler(), resource)
    exporter = KeepingExporter(OTLPSpanExporter(timeout=_EXPORT_SECONDS), dropped)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
