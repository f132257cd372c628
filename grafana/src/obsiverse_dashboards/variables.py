"""What a reader can choose, and the data sources, which are chosen the same way."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
    VariableType,
)

from obsiverse_dashboards.queries import AMP, CLOUDWATCH, REGION, XRAY

ALL = VariableOption(selected=True, text=["All"], value=["$__all"])
SERVED = "model_invocations_total"
"""Every endpoint that was ever asked has this series."""
RUNNING = "endpoint_variant:instances:count"
"""Every endpoint that has an instance has this one."""


def data_sources() -> list[VariableModel]:
    """One for each kind; hidden, since there mostly is one of each. `var-amp=UID` in the address chooses another."""
    return [
        _data_source("amp", "Metrics", AMP),
        _data_source("cloudwatch", "CloudWatch", CLOUDWATCH),
        _data_source("xray", "Traces", XRAY),
    ]


def _data_source(name: str, label: str, of: DataSourceRef) -> VariableModel:
    return VariableModel(
        type_val=VariableType.DATASOURCE,
        name=name,
        label=label,
        hide=VariableHide.HIDE_VARIABLE,
        query=of.type_val,
        current=VariableOption(text=name, value=name),
        options=[],
        refresh=VariableRefresh.ON_DASHBOARD_LOAD,
        regex="",
        multi=False,
        include_all=False,
    )


def label_values(name: str, label: str, series: str, of: str, about: str) -> VariableModel:
    """The values of a label of some series; several can be chosen, and all are at first.

    Args:
        label: what the reader sees.
        of: the label whose values are meant.
    """
    return _of_prometheus(name, label, about, 1, f"label_values({series},{of})")


def _of_prometheus(name: str, label: str, about: str, kind: int, expression: str) -> VariableModel:
    """Grafana's kinds: 1 is label_values, 3 query_result."""
    return VariableModel(
        type_val=VariableType.QUERY,
        name=name,
        label=label,
        description=about,
        datasource=AMP,
        definition=expression,
        query={"qryType": kind, "query": expression, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        current=ALL,
        options=[],
        refresh=VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=VariableSort.ALPHABETICAL_ASC,
        regex="",
        multi=True,
        include_all=True,
    )


def endpoint() -> VariableModel:
    """The endpoints that answered something in the time range."""
    return label_values("endpoint", "Endpoint", SERVED, "endpoint", "SageMaker endpoints that were asked something.")


def model() -> VariableModel:
    """As `endpoint`, for readers who think of models."""
    return label_values("endpoint", "Model", SERVED, "endpoint", "Models that answer questions.")


def running() -> VariableModel:
    """Those of the chosen endpoints that have an instance when the time range ends; for what is there once for each."""
    expression = f'query_result(count by (endpoint) ({RUNNING}{{endpoint=~"$endpoint"}}))'
    made = _of_prometheus("running", "Running", "Chosen models that run now.", 3, expression)
    made.regex = '/endpoint="([^"]+)"/'
    made.hide = VariableHide.HIDE_VARIABLE
    return made


def variant() -> VariableModel:
    """The variants of the chosen endpoints."""
    chosen = f'{SERVED}{{endpoint=~"$endpoint"}}'
    return label_values("variant", "Variant", chosen, "variant", "Production and shadow variants of the endpoints.")


def interval() -> VariableModel:
    """Over how long rates and percentiles are taken."""
    values = ["1m", "5m", "15m", "1h"]
    return VariableModel(
        type_val=VariableType.INTERVAL,
        name="interval",
        label="Averaged over",
        description="Over how long rates and percentiles are taken: short shows spikes, long shows trends.",
        query=",".join(values),
        current=VariableOption(selected=True, text="5m", value="5m"),
        options=[VariableOption(selected=value == "5m", text=value, value=value) for value in values],
        refresh=VariableRefresh.ON_TIME_RANGE_CHANGED,
        auto=False,
        auto_min="1m",
    )


def custom(name: str, label: str, about: str, choices: Mapping[str, str], first: str) -> VariableModel:
    """Words to choose from.

    Args:
        choices: what the reader sees, to the value.
        first: which is chosen at first.
    """
    return VariableModel(
        type_val=VariableType.CUSTOM,
        name=name,
        label=label,
        description=about,
        query=",".join(f"{text} : {value}" for text, value in choices.items()),
        current=VariableOption(selected=True, text=first, value=choices[first]),
        options=[VariableOption(selected=text == first, text=text, value=value) for text, value in choices.items()],
        multi=False,
        include_all=False,
    )


def text(name: str, label: str, about: str) -> VariableModel:
    """A text that the reader types, or that a link brings."""
    empty = VariableOption(selected=True, text="", value="")
    return VariableModel(
        type_val=VariableType.TEXTBOX,
        name=name,
        label=label,
        description=about,
        query="",
        current=empty,
        options=[empty],
    )


def dimension_values(name: str, label: str, about: str, namespace: str, metric: str, key: str) -> VariableModel:
    """The values of a dimension of a CloudWatch metric."""
    return _of_cloudwatch(
        name,
        label,
        about,
        f"{namespace} {metric} {key}",
        {"queryType": "dimensionValues", "namespace": namespace, "metricName": metric, "dimensionKey": key},
    )


def log_groups(name: str, label: str, about: str, prefix: str) -> VariableModel:
    """The log groups whose names begin so."""
    made = _of_cloudwatch(
        name, label, about, f"log groups {prefix}", {"queryType": "logGroups", "logGroupPrefix": prefix}
    )
    made.hide = VariableHide.HIDE_VARIABLE
    return made


def _of_cloudwatch(name: str, label: str, about: str, definition: str, query: dict[str, object]) -> VariableModel:
    return VariableModel(
        type_val=VariableType.QUERY,
        name=name,
        label=label,
        description=about,
        datasource=CLOUDWATCH,
        definition=definition,
        query={
            "region": REGION,
            "dimensionFilters": {},
            "refId": "CloudWatchVariableQueryEditor-VariableQuery",
            **query,
        },
        current=ALL,
        options=[],
        refresh=VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=VariableSort.ALPHABETICAL_DESC,
        regex="",
        multi=True,
        include_all=True,
    )
