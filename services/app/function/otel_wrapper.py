"""The function's handler under OpenTelemetry: it instruments the one that ORIG_HANDLER names, as AWS's layer does."""

from __future__ import annotations

import importlib
import os
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.aws_lambda import AwsLambdaInstrumentor
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.propagators.aws.aws_xray_propagator import AwsXRayPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

xray = AwsXRayPropagator()
propagate.set_global_textmap(xray)
resource = Resource.create(
    {
        "service.name": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        "cloud.provider": "aws",
        "cloud.platform": "aws_lambda",
        "cloud.region": os.environ["AWS_REGION"],
        "faas.name": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        "faas.version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
    }
)
provider = TracerProvider(resource=resource)
if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
    # The environment is frozen once an invocation is answered, so the instrumentation flushes before.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=2)))
trace.set_tracer_provider(provider)


def parent(_event: Any) -> Context:
    """The function's own segment, which Lambda names; the event's headers name the caller's."""
    return xray.extract({"X-Amzn-Trace-Id": os.environ.get("_X_AMZN_TRACE_ID", "")})


BotocoreInstrumentor().instrument()
AwsLambdaInstrumentor().instrument(event_context_extractor=parent)
module, _, name = os.environ["ORIG_HANDLER"].rpartition(".")
lambda_handler = getattr(importlib.import_module(module.replace("/", ".")), name)
