"""Alerts: what fires, since when, and whether somebody was told."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from obsiverse_dashboards import annotations, variables
from obsiverse_dashboards.alert_rules import FOLDER
from obsiverse_dashboards.layout import Section, line, section
from obsiverse_dashboards.layout import dashboard as make
from obsiverse_dashboards.links import Uid, to_endpoint
from obsiverse_dashboards.panels import (
    LAST,
    MAX,
    alert_list,
    coloured,
    lines,
    named,
    number,
    prose,
    rows,
    states,
    transform,
)
from obsiverse_dashboards.queries import promql, promql_now
from obsiverse_dashboards.style import BAD, GOOD, STATE, WATCH, ZERO, Unit, prop, steps

FIRING = 'ALERTS{alertstate="firing"}'
MEANING = """
| Alert | It means | First thing to do |
|---|---|---|
| EndpointErrorRatioHigh | more than 5 % of answers are errors | its log, on the Endpoint dashboard |
| EndpointLatencyHigh | one request in a hundred takes over half a second | its queue and its batches |
| EndpointSaturated | requests wait for more than half of their time | more instances, or larger ones |
| ServiceDown | a service's metrics can't be read | `obsiverse ps`, `obsiverse logs SERVICE` |
| CollectorDown | no telemetry arrives | `obsiverse logs otel-collector` |
| CollectorDropsData | an endpoint does not take what is sent | `obsiverse logs otel-collector` |
| NotificationsFailing | alerts reach nobody | `obsiverse logs alertmanager` |
| RulesFailing | rules can't be evaluated | `obsiverse logs prometheus` |

Rules of Managed Prometheus are in `prometheus/rules`, Grafana's own in `grafana/src/obsiverse_dashboards/alert_rules.py`.
"""


def dashboard() -> Dashboard:
    """The dashboard."""
    return make(
        Uid.ALERTS,
        "Which alert rules fire and which are about to, how that was over time, and whether notifications were delivered.",
        (_glance(), _now(), _course(), _delivery()),
        neighbours=(Uid.PLATFORM, Uid.ENDPOINT, Uid.EXECUTIVE),
        variables=(variables.endpoint(),),
        annotations=(annotations.deployments(of_chosen=False),),
        since="now-3h",
        refresh="30s",
    )


def _glance() -> Section:
    def count(title: str, about: str, selector: str, color: str):
        return number(
            title,
            about,
            promql(f"count({selector}) or vector(0)"),
            decimals=0,
            thresholds=steps(GOOD, (1, color)),
        )

    return section(
        "At a glance",
        line(
            4,
            (
                6,
                count(
                    "Critical",
                    "Alerts that fire and are critical.",
                    'ALERTS{alertstate="firing",severity="critical"}',
                    BAD,
                ),
            ),
            (
                6,
                count(
                    "Warnings",
                    "Alerts that fire and are warnings.",
                    'ALERTS{alertstate="firing",severity="warning"}',
                    WATCH,
                ),
            ),
            (
                6,
                count(
                    "Pending",
                    "Alerts whose condition holds, but not yet long enough to fire.",
                    'ALERTS{alertstate="pending"}',
                    WATCH,
                ),
            ),
            (
                6,
                number(
                    "Notifications that failed",
                    "What Alertmanager could not deliver, in this time.",
                    promql_now("sum(increase(alertmanager_notifications_failed_total[$__range])) or vector(0)"),
                    decimals=0,
                    thresholds=ZERO,
                    spark=False,
                ),
            ),
        ),
    )


def _now() -> Section:
    return section(
        "Now",
        line(
            10,
            (
                8,
                alert_list(
                    "Grafana's alert rules",
                    "The alert rules of this folder in Grafana, with their state.",
                    folder=FOLDER,
                ),
            ),
            (
                16,
                rows(
                    "Alerts of Managed Prometheus that are not quiet",
                    "Each alert that fires or is pending, with what it is about. A click on the endpoint shows how it answers.",
                    promql_now("ALERTS", table=True),
                    transformations=(
                        transform(
                            "organize",
                            excludeByName={"Time": True, "Value": True, "__name__": True},
                            indexByName={
                                "alertname": 0,
                                "alertstate": 1,
                                "severity": 2,
                                "endpoint": 3,
                                "variant": 4,
                                "job": 5,
                            },
                            renameByName={
                                "alertname": "Alert",
                                "alertstate": "State",
                                "severity": "Severity",
                                "endpoint": "Endpoint",
                                "variant": "Variant",
                                "job": "Service",
                            },
                        ),
                    ),
                    overrides=(named("Endpoint", prop("links", [to_endpoint("${__value.raw}").as_property()])),),
                    waits="Nothing fires, and nothing is about to",
                ),
            ),
        ),
    )


def _course() -> Section:
    return section(
        "Over time",
        line(
            9,
            (
                24,
                states(
                    "Alerts",
                    "When each alert was pending and when it fired.",
                    promql(
                        f"2 * max by (alertname, endpoint, job) ({FIRING})"
                        ' or max by (alertname, endpoint, job) (ALERTS{alertstate="pending"})',
                        "{{alertname}} {{endpoint}}{{job}}",
                    ),
                    mappings=(STATE,),
                    thresholds=steps(GOOD, (1, WATCH), (2, BAD)),
                    points=300,
                    waits="No alert was pending or fired in this time",
                ),
            ),
        ),
    )


def _delivery() -> Section:
    return section(
        "Delivery, and what to do",
        line(
            9,
            (
                10,
                lines(
                    "Notifications",
                    "What Alertmanager sent in each five minutes by its kind of receiver, and what it could not send.",
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
                    legend=(LAST, MAX),
                    overrides=(coloured("failed$", BAD),),
                    waits="No alert was notified in this time",
                ),
            ),
            (14, prose("What the alerts mean", "Each alert, what it says, and where to begin.", MEANING.strip())),
        ),
    )
