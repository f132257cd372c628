"""What a collector receives: the trace that custom attributes name, links to a batch, and the metrics."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from containers import QUICK, Served, eventually
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from obsiverse_model.serving.span_exporter import KeepingExporter

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


class Collector:
    """An OTLP receiver that keeps what it is sent."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.metrics: dict[str, Any] = {}
        self.resource: dict[str, str] = {}
        self.refuses = False
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                if not collector.refuses:
                    collector.take(self.path, body)
                self.send_response(503 if collector.refuses else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def take(self, path: str, body: bytes) -> None:
        """Keep one request's content."""
        if path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    self.spans.extend(scope.spans)
            return
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            self.resource = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_metrics:
                self.metrics |= {metric.name: metric for metric in scope.metrics}

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A running collector."""
    collector = Collector()
    yield collector
    collector.close()


def attributes(owner: Any) -> dict[str, Any]:
    """Attributes of a span or data point."""
    return {each.key: each.value.string_value or each.value.int_value for each in owner.attributes}


@pytest.mark.parametrize(
    "custom",
    [f"00-{TRACE}-{PARENT}-01", f"traceparent=00-{TRACE}-{PARENT}-01", f"user=7,traceparent=00-{TRACE}-{PARENT}-01;x"],
)
def test_invocation_continues_the_trace_in_the_custom_attributes(
    serve: Callable[..., Served], collector: Collector, custom: str
) -> None:
    served = serve(QUICK, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="50")
    served.invoke("1,2", x_amzn_sagemaker_custom_attributes=custom)
    spans = eventually(lambda: len(collector.spans) == 2 and {span.name: span for span in collector.spans}, 20)
    invocation, batch = spans["POST /invocations"], spans["predict"]
    assert (invocation.trace_id.hex(), invocation.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(invocation)["http.response.status_code"] == 200
    assert [link.span_id for link in batch.links] == [invocation.span_id]
    assert batch.start_time_unix_nano >= invocation.start_time_unix_nano


def test_metrics_are_pushed_under_the_endpoints_name(serve: Callable[..., Served], collector: Collector) -> None:
    served = serve(
        QUICK,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_METRIC_EXPORT_INTERVAL="100",
        OTEL_SERVICE_NAME="model",
        OTEL_RESOURCE_ATTRIBUTES="aws.sagemaker.endpoint.name=clinical,aws.sagemaker.variant.name=AllTraffic",
    )
    served.invoke("1,2")
    served.invoke("x")
    names = {
        "model.invocations",
        "model.duration",
        "model.batch.size",
        "model.queue.duration",
        "model.forward.duration",
        "model.errors",
    }
    eventually(
        lambda: names <= set(collector.metrics) and len(collector.metrics["model.invocations"].sum.data_points) == 2, 20
    )
    points = collector.metrics["model.invocations"].sum.data_points
    assert sorted((attributes(point)["status"], point.as_int) for point in points) == [("200", 1), ("400", 1)]
    assert {attributes(point)["endpoint"] for point in points} == {"clinical"}
    assert {attributes(point)["variant"] for point in points} == {"AllTraffic"}
    assert collector.metrics["model.duration"].unit == "s"
    [forwarded] = collector.metrics["model.forward.duration"].histogram.data_points
    assert forwarded.count == 1
    [error] = collector.metrics["model.errors"].sum.data_points
    assert (attributes(error)["type"], error.as_int) == ("BadInput", 1)
    assert collector.resource["service.name"] == "model"
    shown = served.client.get("/metrics").text
    for name in (
        "model_invocations_total",
        "model_duration_seconds_bucket",
        "model_batch_size_sum",
        "model_queue_duration_seconds_count",
        "model_forward_duration_seconds_bucket",
        "model_errors_total",
    ):
        assert f"\n{name}{{" in shown


COUNTING = """
from opentelemetry import metrics
positive = metrics.get_meter("clinical").create_counter("clinical.positive")
def model_fn(model_dir):
    return None
def predict_fn(data, model):
    positive.add(len(data), {"ward": "a"})
    return data
"""


def test_what_inference_code_counts_is_pushed_and_shown(serve: Callable[..., Served], collector: Collector) -> None:
    served = serve(COUNTING, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_METRIC_EXPORT_INTERVAL="100")
    served.invoke("1,2\n3,4")
    eventually(lambda: "clinical.positive" in collector.metrics, 20)
    [point] = collector.metrics["clinical.positive"].sum.data_points
    assert (point.as_int, attributes(point)) == (2, {"ward": "a"})
    assert '\nclinical_positive_total{otel_scope_name="clinical"' in served.client.get("/metrics").text


def test_last_values_are_pushed_before_the_end(serve: Callable[..., Served], collector: Collector) -> None:
    served = serve(QUICK, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_METRIC_EXPORT_INTERVAL="3600000")
    served.invoke("1,2")
    assert served.stop() == 0
    assert collector.metrics["model.invocations"].sum.data_points[0].as_int == 1
    assert {span.name for span in collector.spans} == {"POST /invocations", "predict"}


def test_of_what_nobody_decided_on_the_first_of_a_second_and_some_others_are_traced(
    serve: Callable[..., Served], collector: Collector
) -> None:
    served = serve(QUICK, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="50")
    for _ in range(100):
        served.invoke("1,2")
    served.invoke("1,2", x_amzn_sagemaker_custom_attributes=f"00-{TRACE}-{PARENT}-00")
    assert served.stop() == 0
    invocations = [span for span in collector.spans if span.name == "POST /invocations"]
    batches = [span for span in collector.spans if span.name == "predict"]
    assert 1 <= len(invocations) < 60
    assert TRACE not in {span.trace_id.hex() for span in invocations}
    assert {link.span_id for span in batches for link in span.links} == {span.span_id for span in invocations}


def test_another_sampler_may_be_chosen(serve: Callable[..., Served], collector: Collector) -> None:
    served = serve(QUICK, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_TRACES_SAMPLER="always_on")
    for _ in range(20):
        served.invoke("1,2")
    assert served.stop() == 0
    assert len([span for span in collector.spans if span.name == "POST /invocations"]) == 20


def test_spans_wait_for_a_collector_that_is_away(serve: Callable[..., Served], collector: Collector) -> None:
    served = serve(
        QUICK,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_TRACES_SAMPLER="always_on",
        OTEL_BSP_SCHEDULE_DELAY="50",
    )
    collector.refuses = True
    for _ in range(50):
        served.invoke("1,2")
    collector.refuses = False
    eventually(lambda: len([span for span in collector.spans if span.name == "POST /invocations"]) == 50, 20)


class Refusing(SpanExporter):
    """An exporter whose collector is away."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        pass


@given(st.lists(st.integers(0, 12), max_size=10))
def test_of_more_spans_than_are_kept_each_that_goes_is_counted(batches: list[int]) -> None:
    dropped: list[int] = []
    exporter = KeepingExporter(Refusing(), dropped.append, kept_max=10)
    for size in batches:
        exporter.export([ReadableSpan(str(number)) for number in range(size)])
    assert sum(dropped) == max(0, sum(batches) - 10)
    exporter.shutdown()
    assert sum(dropped) == sum(batches)
