"""Traces: who calls whom, what is slow, and one request from its beginning to its end."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from obsiverse_dashboards import annotations, variables
from obsiverse_dashboards.layout import Section, line, section
from obsiverse_dashboards.layout import dashboard as make
from obsiverse_dashboards.links import Link, Uid
from obsiverse_dashboards.panels import MAX, MEAN, lines, named, number, rows, service_map, waterfall
from obsiverse_dashboards.queries import XrayQuery, promql
from obsiverse_dashboards.style import ERRORS, GOOD, LATENCY, Unit, prop, steps

# Spans of services that are no endpoint have no such label, and are always there.
SPANS = 'endpoint=~"$endpoint|",span_kind=~"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER"'
FAILED = f'{SPANS},status_code="STATUS_CODE_ERROR"'
SLOWER = {"any": "0", "10 ms": "0.01", "50 ms": "0.05", "100 ms": "0.1", "500 ms": "0.5", "1 s": "1"}


def dashboard() -> Dashboard:
    """The dashboard."""
    return make(
        Uid.TRACES,
        "Requests on their way through the services: the map of who calls whom, the slow and the failed ones, and one trace in full.",
        (_glance(), _map(), _requests(), _one()),
        neighbours=(Uid.ENDPOINT, Uid.PLATFORM, Uid.ALERTS),
        variables=(
            variables.endpoint(),
            variables.custom("slower", "Slower than", "The list shows traces that took longer.", SLOWER, first="any"),
            variables.text(
                "trace_id",
                "Trace",
                "The id of one trace; a click on a trace or on a dot of a latency panel fills it in.",
            ),
        ),
        annotations=(annotations.deployments(), annotations.alerts()),
        since="now-15m",
        refresh="30s",
    )


def _glance() -> Section:
    return section(
        "At a glance",
        line(
            4,
            (
                6,
                number(
                    "Requests traced",
                    "Requests a second that began a span in a service, of all services.",
                    promql(f"sum(rate(traces_span_metrics_calls_total{{{SPANS}}}[5m]))"),
                    unit=Unit.REQUESTS,
                ),
            ),
            (
                6,
                number(
                    "Failed",
                    "Share of these whose span says that it failed.",
                    promql(
                        f"(sum(rate(traces_span_metrics_calls_total{{{FAILED}}}[5m])) or vector(0))"
                        f" / (sum(rate(traces_span_metrics_calls_total{{{SPANS}}}[5m])) > 0)"
                    ),
                    unit=Unit.SHARE,
                    decimals=2,
                    thresholds=ERRORS,
                    minimum=0,
                ),
            ),
            (
                6,
                number(
                    "Slowest 1 % (p99)",
                    "One span in a hundred takes longer.",
                    promql(
                        f"histogram_quantile(0.99, sum by (le) (rate(traces_span_metrics_duration_seconds_bucket{{{SPANS}}}[5m])))"
                    ),
                    unit=Unit.SECONDS,
                    thresholds=LATENCY,
                ),
            ),
            (
                6,
                number(
                    "Services seen",
                    "Services that sent spans within five minutes.",
                    promql("count(count by (service_name) (rate(traces_span_metrics_calls_total[5m]) > 0))"),
                    decimals=0,
                ),
            ),
        ),
    )


def _map() -> Section:
    return section(
        "Services",
        line(
            12,
            (
                12,
                service_map(
                    "Who calls whom",
                    "X-Ray's map of the services in this time. A ring is green for good answers, red and orange for failed ones.",
                    XrayQuery("getServiceMap"),
                    waits="No trace in this time",
                ),
            ),
            (
                12,
                lines(
                    "Time in each service (p99)",
                    "One span in a hundred of a service takes longer. Each dot is one request: click it to see its trace.",
                    promql(
                        "histogram_quantile(0.99, sum by (le, service_name)"
                        f" (rate(traces_span_metrics_duration_seconds_bucket{{{SPANS}}}[5m])))",
                        "{{service_name}}",
                        exemplars=True,
                    ),
                    unit=Unit.SECONDS,
                    minimum=0,
                    legend=(MEAN, MAX),
                ),
            ),
        ),
        line(
            7,
            (
                12,
                lines(
                    "Spans by service",
                    "Requests a second that began a span in a service.",
                    promql(
                        f"sum by (service_name) (rate(traces_span_metrics_calls_total{{{SPANS}}}[5m]))",
                        "{{service_name}}",
                    ),
                    unit=Unit.REQUESTS,
                    minimum=0,
                    legend=(MEAN, MAX),
                ),
            ),
            (
                12,
                lines(
                    "Failed spans by service",
                    "Spans a second that say that they failed.",
                    promql(
                        f"sum by (service_name) (rate(traces_span_metrics_calls_total{{{FAILED}}}[5m]))",
                        "{{service_name}}",
                    ),
                    unit=Unit.REQUESTS,
                    minimum=0,
                    bars=True,
                    stacked=True,
                    waits="No span has failed yet: the first that does begins this",
                ),
            ),
        ),
    )


_SHOW = prop(
    "links", [Link("Show this trace", Uid.TRACES, (("trace_id", "${__value.raw}"),), ("endpoint",)).as_property()]
)


def _requests() -> Section:
    def found(title: str, about: str, expression: str, waits: str):
        return rows(
            title,
            about,
            XrayQuery("getTraceSummaries", expression),
            waits=waits,
            sort=("Response Time", True),
            thresholds=steps(GOOD),
            overrides=(
                named("Id", prop("displayName", "Trace"), prop("custom.width", 300), _SHOW),
                named("Response Time", prop("unit", Unit.SECONDS), prop("custom.width", 130)),
                named("Start Time", prop("custom.width", 190)),
                named("Method", prop("custom.width", 80)),
                named("Response", prop("custom.width", 90)),
            ),
        )

    return section(
        "Requests",
        line(
            10,
            (
                14,
                found(
                    "Slow requests",
                    "Traces of this time that took longer than chosen above, the slowest first. A click shows the whole trace below.",
                    "responsetime > $slower",
                    "No trace in this time took longer than that",
                ),
            ),
            (
                10,
                found(
                    "Failed requests",
                    "Traces of this time with an error of the client's (4xx) or a fault of a service's (5xx).",
                    "error = true OR fault = true",
                    "No request failed in this time",
                ),
            ),
        ),
    )


def _one() -> Section:
    return section(
        "One request",
        line(
            14,
            (
                24,
                waterfall(
                    "Trace $trace_id",
                    "The spans of the chosen trace, each under the one that called it.",
                    XrayQuery("getTrace", "$trace_id"),
                    waits="Click a trace in the lists above, or a dot of a latency panel",
                ),
            ),
        ),
    )
