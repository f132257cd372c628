"""What happened, as marks in the time series of every dashboard."""

from __future__ import annotations

from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import AnnotationQuery

from obsiverse_dashboards.queries import AMP

_STARTED = """
count by (endpoint, variant, instance) (model_invocations_total{endpoint=~"$endpoint"})
unless count by (endpoint, variant, instance) (model_invocations_total{endpoint=~"$endpoint"} offset 2m)
"""
_ALERTS = 'ALERTS{alertstate="firing"}'


def deployments(*, of_chosen: bool = True) -> AnnotationQuery:
    """Where an instance of an endpoint began to answer: deployments, updates, replacements, scaling out.

    Args:
        of_chosen: of the endpoints that the variable `endpoint` has; else of all.
    """
    return _annotation(
        "Instances that began to answer",
        (_STARTED if of_chosen else _STARTED.replace('{endpoint=~"$endpoint"}', "")).strip(),
        "blue",
        "{{endpoint}}: an instance began to answer",
        "Variant {{variant}}, instance {{instance}}",
        "endpoint,variant",
    )


def alerts(*, of_chosen: bool = True) -> AnnotationQuery:
    """Where an alert rule fired."""
    return _annotation(
        "Alerts",
        'ALERTS{alertstate="firing",endpoint=~"$endpoint|"}' if of_chosen else _ALERTS,
        "red",
        "{{alertname}}",
        "{{severity}} {{endpoint}} {{variant}} {{job}}",
        "alertname,severity",
    )


def built_in() -> AnnotationQuery:
    """Grafana's own: what readers note down, and the changes of its alert rules."""
    return AnnotationQuery(
        name="Annotations & Alerts",
        datasource=DataSourceRef(type_val="grafana", uid="-- Grafana --"),
        enable=True,
        hide=True,
        icon_color="rgba(0, 211, 255, 1)",
        type_val="dashboard",
        built_in=1,
    )


def _annotation(name: str, expr: str, color: str, title: str, text: str, tags: str) -> AnnotationQuery:
    return AnnotationQuery(
        name=name,
        datasource=AMP,
        enable=True,
        hide=False,
        icon_color=color,
        expr=expr,
        step="60s",
        title_format=title,
        text_format=text,
        tag_keys=tags,
        use_value_for_time=False,
    )
