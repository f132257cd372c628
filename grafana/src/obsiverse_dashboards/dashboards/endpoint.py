"""Endpoint: how an endpoint answers, for those who run it."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from obsiverse_dashboards import annotations, variables
from obsiverse_dashboards.layout import Section, line, repeated, section
from obsiverse_dashboards.layout import dashboard as make
from obsiverse_dashboards.links import Link, Uid, to_traces
from obsiverse_dashboards.panels import MAX, MEAN, coloured, density, lines, messages, number
from obsiverse_dashboards.queries import log_insights, metric, promql, promql_heatmap
from obsiverse_dashboards.style import (
    BAD,
    BUSY,
    ERRORS,
    GOOD,
    LATENCY,
    NEUTRAL,
    SLOW,
    SLOWEST,
    TYPICAL,
    WATCH,
    Unit,
    steps,
)

CHOSEN = 'endpoint=~"$endpoint",variant=~"$variant"'
PLACE = {"EndpointName": "$endpoint", "VariantName": "$variant"}
NAME = "${PROP('Dim.EndpointName')} ${PROP('Dim.VariantName')}"
NO_GPU = "No GPU: this fills where an instance has an NVIDIA GPU"
PERCENTILES = (coloured("p50", TYPICAL), coloured("p90", SLOW), coloured("p99", SLOWEST))


def quantile(histogram: str, share: float, by: str = "") -> str:
    """A percentile of a histogram of the chosen variants, over the chosen interval."""
    groups = f"le{by and ', '}{by}"
    return f"histogram_quantile({share}, sum by ({groups}) (rate({histogram}_bucket{{{CHOSEN}}}[$interval])))"


def dashboard() -> Dashboard:
    """The dashboard."""
    return make(
        Uid.ENDPOINT,
        "How the chosen endpoints answer: traffic, errors, latency from the client's to the model's, queue and batches, and what their "
        "instances use. Marks show instances that began to answer, and alerts.",
        (_glance(), _traffic(), _latency(), _queue(), _instances(), _gpu(), _log()),
        neighbours=(Uid.EXECUTIVE, Uid.TRACES, Uid.MODEL_QUALITY, Uid.COST),
        variables=(
            variables.endpoint(),
            variables.variant(),
            variables.interval(),
            variables.log_groups("log_group", "Log group", "The endpoints' logs.", "/aws/sagemaker/Endpoints/"),
        ),
        annotations=(annotations.deployments(), annotations.alerts()),
    )


def _glance() -> Section:
    total = f"sum(rate(model_invocations_total{{{CHOSEN}}}[$interval]))"
    failed = f'sum(rate(model_invocations_total{{{CHOSEN},status=~"5.."}}[$interval]))'
    return section(
        "At a glance",
        line(
            4,
            (
                4,
                number(
                    "Requests",
                    "Requests a second that the model's containers answered.",
                    promql(total),
                    unit=Unit.REQUESTS,
                ),
            ),
            (
                4,
                number(
                    "Errors",
                    "Share of requests that the model answered with a 5xx status. The alert EndpointErrorRatioHigh begins at 5 %.",
                    promql(f"({failed} or vector(0)) / ({total} > 0)"),
                    unit=Unit.SHARE,
                    decimals=2,
                    thresholds=ERRORS,
                    minimum=0,
                ),
            ),
            (
                4,
                number(
                    "Typical answer (p50)",
                    "Half of the requests are answered faster, from their arrival in the container to their answer.",
                    promql(quantile("model_duration_seconds", 0.5)),
                    unit=Unit.SECONDS,
                    thresholds=LATENCY,
                ),
            ),
            (
                4,
                number(
                    "Slowest 1 % (p99)",
                    "One request in a hundred takes longer. The alert EndpointLatencyHigh begins at 500 ms.",
                    promql(quantile("model_duration_seconds", 0.99)),
                    unit=Unit.SECONDS,
                    thresholds=LATENCY,
                ),
            ),
            (
                4,
                number(
                    "Instances",
                    "Instances that sent metrics within the last five minutes; during an update the old and the new.",
                    promql(f"count(count by (endpoint, variant, instance) (model_invocations_total{{{CHOSEN}}}))"),
                    decimals=0,
                    thresholds=steps(BAD, (1, GOOD)),
                ),
            ),
            (
                4,
                number(
                    "Waiting",
                    "Share of a request's time that it waits for the model, in the queue. Above a half the endpoint is saturated.",
                    promql(
                        f"sum(rate(model_queue_duration_seconds_sum{{{CHOSEN}}}[$interval]))"
                        f" / (sum(rate(model_duration_seconds_sum{{{CHOSEN}}}[$interval])) > 0)"
                    ),
                    unit=Unit.SHARE,
                    decimals=0,
                    thresholds=steps(GOOD, (0.3, WATCH), (0.5, BAD)),
                    minimum=0,
                ),
            ),
        ),
    )


def _traffic() -> Section:
    return section(
        "Traffic and errors",
        line(
            8,
            (
                12,
                lines(
                    "Requests by status",
                    "Requests a second by the HTTP status that the container answered with. 4xx are the client's, 5xx the model's.",
                    promql(
                        f"sum by (endpoint, variant, status) (rate(model_invocations_total{{{CHOSEN}}}[$interval]))",
                        "{{endpoint}} {{variant}} {{status}}",
                    ),
                    unit=Unit.REQUESTS,
                    stacked=True,
                    minimum=0,
                    legend=(MEAN, MAX),
                    overrides=(coloured("2..$", GOOD), coloured("4..$", WATCH), coloured("5..$", BAD)),
                    links=(to_traces(),),
                ),
            ),
            (
                12,
                lines(
                    "Share of failed requests",
                    "5xx answers out of all, by variant. The dashed lines are 1 % and the 5 % at which the alert begins.",
                    promql(
                        f'sum by (endpoint, variant) (rate(model_invocations_total{{{CHOSEN},status=~"5.."}}[$interval]))'
                        f" / sum by (endpoint, variant) (rate(model_invocations_total{{{CHOSEN}}}[$interval]) > 0)"
                        f" or 0 * sum by (endpoint, variant) (rate(model_invocations_total{{{CHOSEN}}}[$interval]))",
                        "{{endpoint}} {{variant}}",
                    ),
                    unit=Unit.SHARE,
                    minimum=0,
                    thresholds=ERRORS,
                    limit_line=True,
                    legend=(MEAN, MAX),
                    links=(to_traces(),),
                ),
            ),
        ),
        line(
            7,
            (
                12,
                lines(
                    "Invocations and errors as SageMaker counts them",
                    "CloudWatch's AWS/SageMaker metrics, per minute: what the platform counted, also where no container answered.",
                    metric("AWS/SageMaker", "Invocations", "Sum", f"{NAME} invocations", PLACE),
                    metric("AWS/SageMaker", "Invocation4XXErrors", "Sum", f"{NAME} 4xx", PLACE),
                    metric("AWS/SageMaker", "Invocation5XXErrors", "Sum", f"{NAME} 5xx", PLACE),
                    unit=Unit.COUNT,
                    minimum=0,
                    legend=(MEAN, MAX),
                    overrides=(coloured("invocations$", NEUTRAL), coloured("4xx$", WATCH), coloured("5xx$", BAD)),
                ),
            ),
            (
                12,
                lines(
                    "Errors by kind",
                    "Requests that raised an error in the container, by the exception's class, a second.",
                    promql(
                        f"sum by (endpoint, type) (rate(model_errors_total{{{CHOSEN}}}[$interval]))",
                        "{{endpoint}} {{type}}",
                    ),
                    unit=Unit.PER_SECOND,
                    minimum=0,
                    bars=True,
                    stacked=True,
                    waits="No error yet: the first one that a model raises begins this",
                ),
            ),
        ),
    )


def _latency() -> Section:
    spans = (
        "sum by (le) (rate(traces_span_metrics_duration_seconds_bucket"
        '{endpoint=~"$endpoint",variant=~"$variant",span_kind="SPAN_KIND_SERVER"}[$interval]))'
    )
    return section(
        "Latency",
        line(
            9,
            (
                12,
                lines(
                    "Time to answer, with traces",
                    "Percentiles of the container's spans. Each dot is one request: click it to see its trace.",
                    promql(f"histogram_quantile(0.99, {spans})", "p99", exemplars=True),
                    promql(f"histogram_quantile(0.9, {spans})", "p90"),
                    promql(f"histogram_quantile(0.5, {spans})", "p50"),
                    unit=Unit.SECONDS,
                    minimum=0,
                    legend=(MEAN, MAX),
                    overrides=PERCENTILES,
                    links=(Link("Traces of this time", Uid.TRACES, keep=("endpoint",)),),
                ),
            ),
            (
                12,
                density(
                    "Time to answer, all requests",
                    "How the requests' times are spread; a second band above the usual one is a part of the requests that takes longer.",
                    promql_heatmap(f"sum by (le) (rate(model_duration_seconds_bucket{{{CHOSEN}}}[$interval]))"),
                    unit=Unit.SECONDS,
                ),
            ),
        ),
        line(
            8,
            (
                12,
                lines(
                    "Model latency",
                    "CloudWatch's ModelLatency: from SageMaker's side, how long the container takes, with the way there and back.",
                    metric("AWS/SageMaker", "ModelLatency", "p99", f"{NAME} p99", PLACE),
                    metric("AWS/SageMaker", "ModelLatency", "p90", f"{NAME} p90", PLACE),
                    metric("AWS/SageMaker", "ModelLatency", "p50", f"{NAME} p50", PLACE),
                    unit=Unit.MICROSECONDS,
                    minimum=0,
                    legend=(MEAN, MAX),
                    overrides=PERCENTILES,
                ),
            ),
            (
                12,
                lines(
                    "Overhead latency",
                    "CloudWatch's OverheadLatency: what SageMaker adds to the container's time. It is the platform's, not the model's.",
                    metric("AWS/SageMaker", "OverheadLatency", "p99", f"{NAME} p99", PLACE),
                    metric("AWS/SageMaker", "OverheadLatency", "p90", f"{NAME} p90", PLACE),
                    metric("AWS/SageMaker", "OverheadLatency", "p50", f"{NAME} p50", PLACE),
                    unit=Unit.MICROSECONDS,
                    minimum=0,
                    legend=(MEAN, MAX),
                    overrides=PERCENTILES,
                ),
            ),
        ),
    )


def _queue() -> Section:
    return section(
        "Queue and batches",
        line(
            8,
            (
                8,
                lines(
                    "Wait for the model",
                    "How long requests wait in the container's queue before the model takes them.",
                    promql(quantile("model_queue_duration_seconds", 0.99), "p99"),
                    promql(quantile("model_queue_duration_seconds", 0.9), "p90"),
                    promql(quantile("model_queue_duration_seconds", 0.5), "p50"),
                    unit=Unit.SECONDS,
                    minimum=0,
                    overrides=PERCENTILES,
                ),
            ),
            (
                8,
                lines(
                    "Requests in a batch",
                    "How many requests the model is given at once, on average. Batches grow when requests wait.",
                    promql(
                        f"sum by (endpoint, variant) (rate(model_batch_size_sum{{{CHOSEN}}}[$interval]))"
                        f" / sum by (endpoint, variant) (rate(model_batch_size_count{{{CHOSEN}}}[$interval]) > 0)",
                        "{{endpoint}} {{variant}}",
                    ),
                    unit=Unit.COUNT,
                    decimals=1,
                    minimum=0,
                ),
            ),
            (
                8,
                lines(
                    "The model itself",
                    "How long one call of the model takes, for a batch or for a request alone: the time that more instances do not shorten.",
                    promql(quantile("model_forward_duration_seconds", 0.99), "p99"),
                    promql(quantile("model_forward_duration_seconds", 0.9), "p90"),
                    promql(quantile("model_forward_duration_seconds", 0.5), "p50"),
                    unit=Unit.SECONDS,
                    minimum=0,
                    overrides=PERCENTILES,
                ),
            ),
        ),
    )


def _instances() -> Section:
    used = "/aws/sagemaker/Endpoints"
    return section(
        "Instances",
        line(
            8,
            (
                8,
                lines(
                    "CPU",
                    "CloudWatch's CPUUtilization: 100 % for each core, of all instances on average.",
                    metric(used, "CPUUtilization", "Average", NAME, PLACE),
                    unit=Unit.PERCENT,
                    minimum=0,
                    legend=(MEAN, MAX),
                ),
            ),
            (
                8,
                lines(
                    "Memory",
                    "CloudWatch's MemoryUtilization: share of the machine's memory that the containers hold.",
                    metric(used, "MemoryUtilization", "Average", NAME, PLACE),
                    unit=Unit.PERCENT,
                    minimum=0,
                    thresholds=steps(GOOD, (70, WATCH), (90, BAD)),
                    legend=(MEAN, MAX),
                ),
            ),
            (
                8,
                lines(
                    "Instances by variant",
                    "Instances that sent metrics; steps are updates, scaling, and replacements of those that ended.",
                    promql(
                        f"count by (endpoint, variant) (count by (endpoint, variant, instance) (model_invocations_total{{{CHOSEN}}}))",
                        "{{endpoint}} {{variant}}",
                    ),
                    unit=Unit.COUNT,
                    decimals=0,
                    minimum=0,
                ),
            ),
        ),
        line(
            7,
            (
                24,
                repeated(
                    lines(
                        "Busy: $variant",
                        "Share of the time that each instance's model computes. What is left is headroom; above 85 % requests wait.",
                        promql(
                            "sum by (endpoint, instance) (rate(model_forward_duration_seconds_sum"
                            '{endpoint=~"$endpoint",variant="$variant"}[$interval]))',
                            "{{endpoint}} {{instance}}",
                        ),
                        unit=Unit.SHARE,
                        minimum=0,
                        thresholds=BUSY,
                        legend=(MEAN, MAX),
                    ),
                    "variant",
                ),
            ),
        ),
    )


def _gpu() -> Section:
    def gauge(title: str, about: str, series: str, unit: str, maximum: float | None = None):
        return lines(
            title,
            about,
            promql(f"{series}{{{CHOSEN}}}", "{{endpoint}} {{modelName}} {{gpu}}"),
            unit=unit,
            minimum=0,
            maximum=maximum,
            waits=NO_GPU,
        )

    return section(
        "GPU",
        line(
            7,
            (
                6,
                gauge(
                    "GPU in use",
                    "DCGM's GPU_UTIL. It fills where an instance has an NVIDIA GPU.",
                    "DCGM_FI_DEV_GPU_UTIL",
                    Unit.PERCENT,
                    100,
                ),
            ),
            (
                6,
                gauge(
                    "GPU memory",
                    "DCGM's FB_USED. It fills where an instance has an NVIDIA GPU.",
                    "DCGM_FI_DEV_FB_USED",
                    Unit.MEBIBYTES,
                ),
            ),
            (
                6,
                gauge(
                    "GPU power",
                    "DCGM's POWER_USAGE. It fills where an instance has an NVIDIA GPU.",
                    "DCGM_FI_DEV_POWER_USAGE",
                    Unit.WATT,
                ),
            ),
            (
                6,
                gauge(
                    "GPU temperature",
                    "DCGM's GPU_TEMP. It fills where an instance has an NVIDIA GPU.",
                    "DCGM_FI_DEV_GPU_TEMP",
                    Unit.CELSIUS,
                ),
            ),
        ),
    )


def _log() -> Section:
    return section(
        "Log",
        line(
            9,
            (
                24,
                messages(
                    "What the containers print",
                    "The newest lines of the endpoints' log groups in CloudWatch Logs; the stream is variant and instance.",
                    log_insights(
                        "fields @timestamp, @message, @logStream | sort @timestamp desc | limit 200", "$log_group"
                    ),
                    waits="The chosen endpoints printed nothing in this time",
                ),
            ),
        ),
    )
