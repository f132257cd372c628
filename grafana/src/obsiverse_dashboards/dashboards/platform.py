"""Platform: what is up, what comes in, and what waits or is lost."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from obsiverse_dashboards import annotations, variables
from obsiverse_dashboards.layout import Section, line, section
from obsiverse_dashboards.layout import dashboard as make
from obsiverse_dashboards.links import Link, Uid
from obsiverse_dashboards.panels import LAST, MAX, MEAN, coloured, lines, messages, named, number, ranking, rows, states
from obsiverse_dashboards.queries import log_insights, promql, promql_now
from obsiverse_dashboards.style import BAD, BUSY, GOOD, NEUTRAL, UP, WATCH, ZERO, Unit, prop, steps

SERVICES = "/obsiverse/services"
RATE = "[$__rate_interval]"


def dashboard() -> Dashboard:
    """The dashboard."""
    return make(
        Uid.PLATFORM,
        "What of the platform is up, how much telemetry comes in, how full its queues are, and what its services print.",
        (_glance(), _services(), _collector(), _store(), _traffic(), _logs()),
        neighbours=(Uid.EXECUTIVE, Uid.ENDPOINT, Uid.TRACES, Uid.ALERTS),
        variables=(variables.endpoint(),),
        annotations=(annotations.deployments(), annotations.alerts(of_chosen=False)),
        since="now-30m",
    )


def _glance() -> Section:
    lost = (
        "sum(increase(otelcol_exporter_enqueue_failed_spans_total[$__range])) or vector(0)",
        "sum(increase(otelcol_exporter_enqueue_failed_metric_points_total[$__range])) or vector(0)",
        "sum(increase(otelcol_exporter_enqueue_failed_log_records_total[$__range])) or vector(0)",
    )
    return section(
        "At a glance",
        line(
            4,
            (
                4,
                number(
                    "Down",
                    "Services that do not answer when their metrics are read. The alert ServiceDown begins after a minute.",
                    promql("count(up == 0) or vector(0)"),
                    decimals=0,
                    thresholds=ZERO,
                ),
            ),
            (
                4,
                number(
                    "Alerts that fire",
                    "Alert rules of Managed Prometheus that fire now.",
                    promql('count(ALERTS{alertstate="firing"}) or vector(0)'),
                    decimals=0,
                    thresholds=ZERO,
                    links=(Link("The alerts", Uid.ALERTS),),
                ),
            ),
            (
                4,
                number(
                    "Metrics in",
                    "Samples a second that Prometheus stores.",
                    promql(f"sum(rate(prometheus_tsdb_head_samples_appended_total{RATE}))"),
                    unit=Unit.PER_SECOND,
                    decimals=0,
                ),
            ),
            (
                4,
                number(
                    "Spans in",
                    "Spans a second that the collector took.",
                    promql(f"sum(rate(otelcol_receiver_accepted_spans_total{RATE})) or vector(0)"),
                    unit=Unit.PER_SECOND,
                ),
            ),
            (
                4,
                number(
                    "Log lines in",
                    "Lines of the platform's services in this time, in CloudWatch Logs.",
                    log_insights("stats count(*) as lines", SERVICES),
                    unit=Unit.COUNT,
                    spark=False,
                ),
            ),
            (
                4,
                number(
                    "Lost",
                    "Spans, samples and log records that found no room in the collector's queues, in this time.",
                    promql_now(" + ".join(f"({part})" for part in lost)),
                    unit=Unit.COUNT,
                    decimals=0,
                    thresholds=ZERO,
                    spark=False,
                ),
            ),
        ),
    )


def _services() -> Section:
    return section(
        "Services",
        line(
            8,
            (
                12,
                states(
                    "Up and down",
                    "Whether each service whose metrics are read answered, every 15 s.",
                    promql(
                        "max by (job) (up) or clamp_max(max by (job) (otelcol_process_uptime_seconds_total), 1)",
                        "{{job}}",
                    ),
                    mappings=(UP,),
                    thresholds=steps(BAD, (1, GOOD)),
                    points=200,
                ),
            ),
            (
                12,
                rows(
                    "Last sign of life",
                    "When each service last printed a line, and how many lines it printed in this time.",
                    log_insights(
                        "stats max(@timestamp) as last, count(*) as lines by @logStream as service | sort service asc",
                        SERVICES,
                    ),
                    overrides=(
                        named("service", prop("displayName", "Service"), prop("custom.width", 220)),
                        named("last", prop("displayName", "Last line"), prop("unit", Unit.DATE)),
                        named("lines", prop("displayName", "Lines"), prop("unit", Unit.COUNT)),
                    ),
                ),
            ),
        ),
        line(
            7,
            (
                12,
                lines(
                    "Memory",
                    "Memory that each service's process holds.",
                    promql(
                        "sum by (job) (process_resident_memory_bytes) or sum by (job) (otelcol_process_memory_rss_bytes)",
                        "{{job}}",
                    ),
                    unit=Unit.BYTES,
                    minimum=0,
                    legend=(LAST, MAX),
                ),
            ),
            (
                12,
                lines(
                    "CPU",
                    "Cores that each service's process uses.",
                    promql(
                        f"sum by (job) (rate(process_cpu_seconds_total{RATE}))"
                        f" or sum by (job) (rate(otelcol_process_cpu_seconds_total{RATE}))",
                        "{{job}}",
                    ),
                    unit=Unit.NUMBER,
                    decimals=2,
                    minimum=0,
                    legend=(MEAN, MAX),
                ),
            ),
        ),
    )


def _collector() -> Section:
    taken = [
        promql(f"sum(rate(otelcol_receiver_accepted_{kind}_total{RATE})) or vector(0)", name)
        for kind, name in (("spans", "spans"), ("metric_points", "metrics"), ("log_records", "logs"))
    ]
    refused = [
        promql(f"sum(rate(otelcol_receiver_refused_{kind}_total{RATE})) or vector(0)", f"{name} refused")
        for kind, name in (("spans", "spans"), ("metric_points", "metrics"), ("log_records", "logs"))
    ]
    failed = [
        promql(f"sum by (exporter) (rate(otelcol_exporter_send_failed_{kind}_total{RATE}))", f"{{{{exporter}}}} {name}")
        for kind, name in (("spans", "spans"), ("metric_points", "metrics"), ("log_records", "logs"))
    ]
    return section(
        "Collector",
        line(
            8,
            (
                8,
                lines(
                    "Taken in",
                    "Spans, samples and log records a second that the collector takes, and those that it refuses for lack of memory.",
                    *taken,
                    *refused,
                    unit=Unit.PER_SECOND,
                    minimum=0,
                    legend=(MEAN, MAX),
                    overrides=(coloured("refused$", BAD),),
                ),
            ),
            (
                8,
                lines(
                    "Not delivered at the first try",
                    "Spans, samples and log records a second that an endpoint did not take. They are tried again; what "
                    "is given up is Lost.",
                    *failed,
                    unit=Unit.PER_SECOND,
                    minimum=0,
                    thresholds=ZERO,
                    waits="Nothing failed yet: the first refusal begins this",
                ),
            ),
            (
                8,
                ranking(
                    "Queues",
                    "How full the queue of each exporter is. At 100 % what comes next is lost.",
                    promql_now(
                        "max by (exporter) (otelcol_exporter_queue_size) / max by (exporter) (otelcol_exporter_queue_capacity)",
                        "{{exporter}}",
                    ),
                    unit=Unit.SHARE,
                    minimum=0,
                    maximum=1,
                    decimals=1,
                    thresholds=BUSY,
                ),
            ),
        ),
    )


def _store() -> Section:
    return section(
        "Metrics store",
        line(
            7,
            (
                8,
                lines(
                    "Series",
                    "Series that Prometheus holds in memory. Each combination of labels is one.",
                    promql("max(prometheus_tsdb_head_series)", "series"),
                    unit=Unit.COUNT,
                    decimals=0,
                    minimum=0,
                ),
            ),
            (
                8,
                lines(
                    "Rules",
                    "How long each group of rules took the last time; it has 15 s.",
                    promql(
                        'max by (group) (label_replace(prometheus_rule_group_last_duration_seconds, "group", "$1",'
                        ' "rule_group", ".*;(.*)"))',
                        "{{group}}",
                    ),
                    unit=Unit.SECONDS,
                    minimum=0,
                    legend=(LAST, MAX),
                ),
            ),
            (
                8,
                lines(
                    "Notifications",
                    "What Alertmanager sent in each five minutes, and what it could not send.",
                    promql(
                        "sum by (integration) (increase(alertmanager_notifications_total[5m])) > 0", "{{integration}}"
                    ),
                    promql(
                        "sum by (integration) (increase(alertmanager_notifications_failed_total[5m])) > 0",
                        "{{integration}} failed",
                    ),
                    unit=Unit.COUNT,
                    bars=True,
                    minimum=0,
                    overrides=(coloured("failed$", BAD),),
                    waits="No alert was notified in this time",
                ),
            ),
        ),
    )


def _traffic() -> Section:
    return section(
        "Replayed traffic",
        line(
            7,
            (
                12,
                lines(
                    "Wanted and sent",
                    "Requests a second that the traffic service is to send, those that ended by their code, and those dropped.",
                    promql("max(traffic_rate)", "wanted"),
                    promql(f"sum by (endpoint, code) (rate(traffic_requests_total{RATE}))", "{{endpoint}} {{code}}"),
                    promql(f"sum(rate(traffic_dropped_total{RATE}))", "dropped"),
                    unit=Unit.REQUESTS,
                    minimum=0,
                    legend=(MEAN, MAX),
                    overrides=(coloured("wanted", "text"), coloured(" 200$", GOOD), coloured("dropped", BAD)),
                ),
            ),
            (
                12,
                lines(
                    "Time to a good answer",
                    "What a client of the endpoint waits, from the traffic service: network, SageMaker and the model.",
                    promql(
                        f"histogram_quantile(0.99, sum by (le) (rate(traffic_request_duration_seconds_bucket{RATE})))",
                        "p99",
                    ),
                    promql(
                        f"histogram_quantile(0.5, sum by (le) (rate(traffic_request_duration_seconds_bucket{RATE})))",
                        "p50",
                    ),
                    unit=Unit.SECONDS,
                    minimum=0,
                    legend=(MEAN, MAX),
                    overrides=(coloured("p50", NEUTRAL), coloured("p99", WATCH)),
                ),
            ),
        ),
    )


def _logs() -> Section:
    problems = 'filter @message like /(?i)"level": ?"(warning|error|critical)"|Traceback|panic:/'
    return section(
        "Logs",
        line(
            8,
            (
                12,
                lines(
                    "Lines by service",
                    "Lines that each service printed, in each five minutes.",
                    log_insights(
                        "stats count(*) as lines by bin(5m) as time, @logStream | sort time asc",
                        SERVICES,
                        by=("@logStream",),
                    ),
                    unit=Unit.COUNT,
                    bars=True,
                    stacked=True,
                    minimum=0,
                    legend=(),
                ),
            ),
            (
                12,
                messages(
                    "Warnings and errors",
                    "The newest lines of the platform's services that say warning, error or critical, or show a traceback.",
                    log_insights(
                        f"fields @timestamp, @message, @logStream | {problems} | sort @timestamp desc | limit 100",
                        SERVICES,
                    ),
                    waits="No service printed a warning in this time",
                ),
            ),
        ),
    )
