"""Endpoint: how an endpoint answers, for those who run it."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

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
LEGEND = "{{endpoint}} {{variant}}"
NO_GPU = "No GPU here: this fills where an instance has an NVIDIA GPU"
PERCENTILES = (coloured("p50", TYPICAL), coloured("p90", SLOW), coloured("p99", SLOWEST))


def rate(series: str, more: str = "") -> str:
    """How fast a counter of the chosen variants grows, by variant, over the chosen interval."""
    return f"sum by (endpoint, variant) (rate({series}{{{CHOSEN}{more}}}[$interval]))"


def quantile(share: float, histogram: str) -> str:
    """A percentile of a histogram of the chosen variants, over the chosen interval."""
    return f"histogram_quantile({share}, sum by (le) (rate({histogram}_bucket{{{CHOSEN}}}[$interval])))"


def dashboard() -> Dashboard:
    """The dashboard."""
    return make(
        Uid.ENDPOINT,
        "How the chosen endpoints answer: traffic, errors, latency from the client's to the model's, queue and batches, "
        "and what their instances use. Marks show instances that began to answer, and alerts.",
        (_glance(), _traffic(), _latency(), _queue(), _instances(), _gpu(), _log()),
        neighbours=(Uid.EXECUTIVE, Uid.TRACES, Uid.MODEL_QUALITY, Uid.COST),
        variables=(
            variables.endpoint(),
            variables.variant(),
            variables.interval(),
            variables.log_groups("log_group", "Log group", "The endpoints' logs.", "/aws/sagemaker/Endpoints/"),
        ),
        annotations=(annotations.deployments(), annotations.alerts()),
        since="now-30m",
    )


def _glance() -> Section:
    total = f"sum({rate('model_invocations_total')})"
    failed = f"sum({rate('model_invocations_total', ',status=~"5.."')})"
    waiting = f"sum({rate('model_queue_duration_seconds_sum')}) / (sum({rate('model_duration_seconds_sum')}) > 0)"
    requests = number(
        "Requests",
        "Requests a second that the model's containers answered.",
        promql(total),
        unit=Unit.REQUESTS,
    )
    errors = number(
        "Errors",
        "Share of requests that the model answered with a 5xx status. The alert EndpointErrorRatioHigh begins at 5 %.",
        promql(f"({failed} or vector(0)) / ({total} > 0)"),
        unit=Unit.SHARE,
        decimals=2,
        thresholds=ERRORS,
        minimum=0,
    )
    typical = number(
        "Typical answer (p50)",
        "Half of the requests are answered faster, from their arrival in the container to their answer.",
        promql(quantile(0.5, "model_duration_seconds")),
        unit=Unit.SECONDS,
        thresholds=LATENCY,
    )
    slowest = number(
        "Slowest 1 % (p99)",
        "One request in a hundred takes longer. The alert EndpointLatencyHigh begins at 500 ms.",
        promql(quantile(0.99, "model_duration_seconds")),
        unit=Unit.SECONDS,
        thresholds=LATENCY,
    )
    instances = number(
        "Instances",
        "Instances that sent metrics within the last five minutes; during an update the old and the new.",
        promql(f"count(count by (endpoint, variant, instance) (model_invocations_total{{{CHOSEN}}}))"),
        decimals=0,
        thresholds=steps(BAD, (1, GOOD)),
    )
    queued = number(
        "Waiting",
        "Share of a request's time that it waits for the model, in the queue. Above a half the endpoint is saturated.",
        promql(waiting),
        unit=Unit.SHARE,
        decimals=0,
        thresholds=steps(GOOD, (0.3, WATCH), (0.5, BAD)),
        minimum=0,
    )
    return section(
        "At a glance", line(4, (4, requests), (4, errors), (4, typical), (4, slowest), (4, instances), (4, queued))
    )


def _traffic() -> Section:
    by_status = lines(
        "Requests by status",
        "Requests a second by the HTTP status that the container answered with. 4xx are the client's, 5xx the model's.",
        promql(
            f"sum by (endpoint, variant, status) (rate(model_invocations_total{{{CHOSEN}}}[$interval]))",
            LEGEND + " {{status}}",
        ),
        unit=Unit.REQUESTS,
        stacked=True,
        minimum=0,
        legend=(MEAN, MAX),
        overrides=(coloured(" 2..$", GOOD), coloured(" 4..$", WATCH), coloured(" 5..$", BAD)),
        links=(to_traces(),),
    )
    total, failed = rate("model_invocations_total"), rate("model_invocations_total", ',status=~"5.."')
    share = lines(
        "Share of failed requests",
        "5xx answers out of all, by variant. The dashed lines are 1 %, and the 5 % at which the alert begins.",
        promql(f"({failed} or 0 * {total}) / ({total} > 0)", LEGEND),
        unit=Unit.SHARE,
        minimum=0,
        thresholds=ERRORS,
        limit_line=True,
        room=0.1,
        legend=(MEAN, MAX),
        links=(to_traces(),),
    )
    counted = lines(
        "Invocations and errors as SageMaker counts them",
        "CloudWatch's AWS/SageMaker metrics, per minute: what the platform counted, also where no container answered.",
        metric("AWS/SageMaker", "Invocations", "Sum", f"{NAME} invocations", PLACE),
        metric("AWS/SageMaker", "Invocation4XXErrors", "Sum", f"{NAME} 4xx", PLACE),
        metric("AWS/SageMaker", "Invocation5XXErrors", "Sum", f"{NAME} 5xx", PLACE),
        unit=Unit.COUNT,
        minimum=0,
        legend=(MEAN, MAX),
        overrides=(coloured("invocations$", NEUTRAL), coloured("4xx$", WATCH), coloured("5xx$", BAD)),
    )
    kinds = lines(
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
    )
    return section("Traffic and errors", line(8, (12, by_status), (12, share)), line(7, (12, counted), (12, kinds)))


def _latency() -> Section:
    spans = f'traces_span_metrics_duration_seconds_bucket{{{CHOSEN},span_kind="SPAN_KIND_SERVER"}}'
    traced = f"sum by (le) (rate({spans}[$interval]))"
    with_traces = lines(
        "Time to answer, with traces",
        "Percentiles of the container's spans. Each dot is one request: click it to see its trace.",
        promql(f"histogram_quantile(0.99, {traced})", "p99", exemplars=True),
        promql(f"histogram_quantile(0.9, {traced})", "p90"),
        promql(f"histogram_quantile(0.5, {traced})", "p50"),
        unit=Unit.SECONDS,
        minimum=0,
        legend=(MEAN, MAX),
        overrides=PERCENTILES,
        links=(Link("Traces of this time", Uid.TRACES, keep=("endpoint",)),),
    )
    spread = density(
        "Time to answer, all requests",
        "How the requests' times are spread; a second band above the usual one is a part of the requests that takes longer.",
        promql_heatmap(f"sum by (le) (rate(model_duration_seconds_bucket{{{CHOSEN}}}[$interval]))"),
        unit=Unit.SECONDS,
    )
    model = _cloudwatch_latency(
        "Model latency",
        "CloudWatch's ModelLatency: from SageMaker's side, how long the container takes, with the way there and back.",
        "ModelLatency",
    )
    overhead = _cloudwatch_latency(
        "Overhead latency",
        "CloudWatch's OverheadLatency: what SageMaker adds to the container's time. It is the platform's, not the model's.",
        "OverheadLatency",
    )
    return section("Latency", line(9, (12, with_traces), (12, spread)), line(8, (12, model), (12, overhead)))


def _cloudwatch_latency(title: str, about: str, name: str) -> Panel:
    return lines(
        title,
        about,
        *(
            metric("AWS/SageMaker", name, percentile, f"{NAME} {percentile}", PLACE)
            for percentile in ("p99", "p90", "p50")
        ),
        unit=Unit.MICROSECONDS,
        minimum=0,
        legend=(MEAN, MAX),
        overrides=PERCENTILES,
    )


def _queue() -> Section:
    def seconds(title: str, about: str, histogram: str) -> Panel:
        queries = (
            promql(quantile(share, histogram), name) for share, name in ((0.99, "p99"), (0.9, "p90"), (0.5, "p50"))
        )
        return lines(title, about, *queries, unit=Unit.SECONDS, minimum=0, overrides=PERCENTILES)

    wait = seconds(
        "Wait for the model",
        "How long requests wait in the container's queue before the model takes them.",
        "model_queue_duration_seconds",
    )
    forward = seconds(
        "The model itself",
        "How long one call of the model takes, for a batch or for a request alone: the time that more instances do not shorten.",
        "model_forward_duration_seconds",
    )
    batch = lines(
        "Requests in a batch",
        "How many requests the model is given at once, on average. Batches grow when requests wait.",
        promql(f"{rate('model_batch_size_sum')} / ({rate('model_batch_size_count')} > 0)", LEGEND),
        unit=Unit.COUNT,
        decimals=1,
        minimum=0,
    )
    return section("Queue and batches", line(8, (8, wait), (8, batch), (8, forward)))


def _instances() -> Section:
    used = "/aws/sagemaker/Endpoints"
    cpu = lines(
        "CPU",
        "CloudWatch's CPUUtilization: 100 % for each core, of all instances on average.",
        metric(used, "CPUUtilization", "Average", NAME, PLACE),
        unit=Unit.PERCENT,
        minimum=0,
        legend=(MEAN, MAX),
    )
    memory = lines(
        "Memory",
        "CloudWatch's MemoryUtilization: share of the machine's memory that the containers hold.",
        metric(used, "MemoryUtilization", "Average", NAME, PLACE),
        unit=Unit.PERCENT,
        minimum=0,
        thresholds=steps(GOOD, (70, WATCH), (90, BAD)),
        legend=(MEAN, MAX),
    )
    count = lines(
        "Instances by variant",
        "Instances that sent metrics; steps are updates, scaling, and replacements of those that ended.",
        promql(
            "count by (endpoint, variant) (count by (endpoint, variant, instance)"
            f" (model_invocations_total{{{CHOSEN}}}))",
            LEGEND,
        ),
        unit=Unit.COUNT,
        decimals=0,
        minimum=0,
    )
    busy = lines(
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
    )
    return section("Instances", line(8, (8, cpu), (8, memory), (8, count)), line(7, (24, repeated(busy, "variant"))))


def _gpu() -> Section:
    def measured(title: str, name: str, unit: str) -> Panel:
        return lines(
            title,
            f"DCGM's {name}. It fills where an instance has an NVIDIA GPU.",
            promql(f"DCGM_FI_DEV_{name}{{{CHOSEN}}}", "{{endpoint}} {{modelName}} {{gpu}}"),
            unit=unit,
            minimum=0,
            waits=NO_GPU,
        )

    return section(
        "GPU",
        line(
            7,
            (6, measured("GPU in use", "GPU_UTIL", Unit.PERCENT)),
            (6, measured("GPU memory", "FB_USED", Unit.MEBIBYTES)),
            (6, measured("GPU power", "POWER_USAGE", Unit.WATT)),
            (6, measured("GPU temperature", "GPU_TEMP", Unit.CELSIUS)),
        ),
        folded=True,
    )


def _log() -> Section:
    printed = messages(
        "What the containers print",
        "The newest lines of the endpoints' log groups in CloudWatch Logs; the stream is variant and instance.",
        log_insights("fields @timestamp, @message, @logStream | sort @timestamp desc | limit 200", "$log_group"),
        waits="The chosen endpoints printed nothing in this time",
    )
    return section("Log", line(9, (24, printed)))
