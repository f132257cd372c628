"""Queries to the three data sources. A panel names none by itself: each is a variable of the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import cloudwatch, prometheus
from grafana_foundation_sdk.models.common import DataSourceRef

AMP = DataSourceRef(type_val="grafana-amazonprometheus-datasource", uid="${amp}")
CLOUDWATCH = DataSourceRef(type_val="cloudwatch", uid="${cloudwatch}")
XRAY = DataSourceRef(type_val="grafana-x-ray-datasource", uid="${xray}")
REGION = "default"
"""The data source's own region."""


def promql(expr: str, legend: str = "", *, exemplars: bool = False) -> prometheus.Dataquery:
    """A series over the time range.

    Args:
        legend: a name with labels in `{{ }}`; empty for Grafana's own.
        exemplars: also ask for the traces behind the values.
    """
    return prometheus.Dataquery(
        datasource=AMP,
        editor_mode=prometheus.QueryEditorMode.CODE,
        expr=expr,
        legend_format=legend or "__auto",
        range_val=True,
        instant=False,
        exemplar=exemplars or None,
    )


def promql_now(expr: str, legend: str = "", *, table: bool = False) -> prometheus.Dataquery:
    """The value at the end of the time range: a number for each series, or with `table` a row with its labels."""
    return prometheus.Dataquery(
        datasource=AMP,
        editor_mode=prometheus.QueryEditorMode.CODE,
        expr=expr,
        legend_format=legend or "__auto",
        range_val=False,
        instant=True,
        format_val=prometheus.PromQueryFormat.TABLE if table else None,
    )


def promql_heatmap(expr: str) -> prometheus.Dataquery:
    """The buckets of a histogram, summed by `le`, for a heatmap."""
    return prometheus.Dataquery(
        datasource=AMP,
        editor_mode=prometheus.QueryEditorMode.CODE,
        expr=expr,
        legend_format="{{le}}",
        range_val=True,
        instant=False,
        format_val=prometheus.PromQueryFormat.HEATMAP,
    )


def metric(
    namespace: str,
    name: str,
    statistic: str,
    label: str,
    dimensions: Mapping[str, str],
    *,
    period: str = "60",
    exact: bool = True,
) -> cloudwatch.MetricsQuery:
    """A CloudWatch metric. Several values of a dimension, or `*`, are searched for.

    Args:
        label: a name with CloudWatch's dynamic parts, as `${PROP('Dim.VariantName')}`.
        dimensions: name to value or variable.
        period: seconds, or a variable.
        exact: whether the metric has these dimensions and no others.
    """
    return cloudwatch.MetricsQuery(
        datasource=CLOUDWATCH,
        query_mode=cloudwatch.QueryMode.METRICS,
        metric_query_type=cloudwatch.MetricQueryType.SEARCH,
        metric_editor_mode=cloudwatch.MetricEditorMode.BUILDER,
        region=REGION,
        namespace=namespace,
        metric_name=name,
        dimensions={dimension: [value] for dimension, value in dimensions.items()},
        match_exact=exact,
        statistic=statistic,
        period=period,
        label=label,
        expression="",
        id_val="",
        sql_expression="",
    )


def metric_expression(expression: str, label: str, *, period: str = "60") -> cloudwatch.MetricsQuery:
    """A CloudWatch metric math expression, such as a SEARCH."""
    return cloudwatch.MetricsQuery(
        datasource=CLOUDWATCH,
        query_mode=cloudwatch.QueryMode.METRICS,
        metric_query_type=cloudwatch.MetricQueryType.SEARCH,
        metric_editor_mode=cloudwatch.MetricEditorMode.CODE,
        region=REGION,
        namespace="",
        metric_name="",
        dimensions={},
        match_exact=True,
        statistic="Average",
        period=period,
        label=label,
        expression=expression,
        id_val="",
        sql_expression="",
    )


def log_insights(expression: str, *groups: str, by: tuple[str, ...] = ()) -> cloudwatch.LogsQuery:
    """A CloudWatch Logs Insights query.

    Args:
        groups: names of log groups, or variables (`$name`) that hold some.
        by: what the query's `stats` groups by, which Grafana makes a series of each.
    """
    return cloudwatch.LogsQuery(
        datasource=CLOUDWATCH,
        query_mode=cloudwatch.QueryMode.LOGS,
        region=REGION,
        expression=expression,
        # Grafana reads no name here, and a variable's values are ARNs.
        log_groups=[cloudwatch.LogGroup(arn=group, name=group) for group in groups if group.startswith("$")],
        log_group_names=[group for group in groups if not group.startswith("$")],
        stats_groups=list(by),
        id_val="",
    )


@dataclass
class XrayQuery(Dataquery):
    """A query of Grafana's X-Ray data source; the SDK has no model of it.

    https://github.com/grafana/x-ray-datasource/blob/main/src/types.ts

    Attributes:
        query_type: getTraceSummaries, getTrace, getServiceMap.
        query: a filter expression, or a trace's id.
    """

    query_type: str
    query: str = ""
    ref_id: str | None = None
    hide: bool | None = None
    datasource: DataSourceRef = field(default_factory=lambda: XRAY)

    def to_json(self) -> dict[str, object]:
        """As the data source keeps it."""
        found: dict[str, object] = {
            "datasource": self.datasource,
            "queryType": self.query_type,
            "query": self.query,
            "region": REGION,
            "group": {"FilterExpression": "", "GroupName": "Default", "InsightsConfiguration": {}},
        }
        if self.ref_id is not None:
            found["refId"] = self.ref_id
        if self.hide is not None:
            found["hide"] = self.hide
        return found


Query = prometheus.Dataquery | cloudwatch.MetricsQuery | cloudwatch.LogsQuery | XrayQuery
