"""Panels of the kinds that Grafana, Managed Grafana and Lookout all have, in one look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

from grafana_foundation_sdk.models import (
    barchart,
    bargauge,
    common,
    gauge,
    heatmap,
    logs,
    nodegraph,
    piechart,
    stat,
    statetimeline,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardFieldConfigSourceOverrides,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColor,
    FieldConfig,
    FieldConfigSource,
    MatcherConfig,
    Panel,
    ThresholdsConfig,
    ValueMap,
)

from obsiverse_dashboards import style
from obsiverse_dashboards.links import Link
from obsiverse_dashboards.queries import Query

LAST, MEAN, MAX = "lastNotNull", "mean", "max"
# In pixels, so that numbers beside each other are of one size, whatever they say.
FIGURE, BAR_NAME, BAR_FIGURE = 40, 13, 18


def named(name: str, *properties: DynamicConfigValue) -> DashboardFieldConfigSourceOverrides:
    """Properties of the field with this name."""
    matcher = MatcherConfig(id_val="byName", options=name)
    return DashboardFieldConfigSourceOverrides(matcher=matcher, properties=list(properties))


def matching(pattern: str, *properties: DynamicConfigValue) -> DashboardFieldConfigSourceOverrides:
    """Properties of the fields whose names match a regular expression."""
    matcher = MatcherConfig(id_val="byRegexp", options=f"/{pattern}/")
    return DashboardFieldConfigSourceOverrides(matcher=matcher, properties=list(properties))


def coloured(pattern: str, color: str) -> DashboardFieldConfigSourceOverrides:
    """The fields whose names match a regular expression, always in one colour."""
    return matching(pattern, style.prop("color", {"mode": "fixed", "fixedColor": color}))


def transform(name: str, **options: object) -> DataTransformerConfig:
    """A transformation of what the queries answer."""
    return DataTransformerConfig(id_val=name, options=options)


class Look(TypedDict, total=False):
    """What any kind of panel can be given.

    Attributes:
        name: what a value is called, in place of its series' name.
        waits: what stands where there is no data yet, and what would bring it.
        links: of each value.
        points: at most so many values a series.
    """

    unit: str
    decimals: int
    minimum: float
    maximum: float
    name: str
    color: FieldColor
    thresholds: ThresholdsConfig
    mappings: Sequence[ValueMap]
    overrides: Sequence[DashboardFieldConfigSourceOverrides]
    transformations: Sequence[DataTransformerConfig]
    links: Sequence[Link]
    waits: str
    points: int


def _panel(
    kind: str,
    title: str,
    about: str,
    queries: Sequence[Query],
    options: object,
    look: Look,
    color: FieldColor | None = None,
    custom: object | None = None,
) -> Panel:
    """What all kinds have in common.

    Args:
        about: what a reader needs to know to judge the panel; shown at its title.
        color: where the look has none.
        custom: the kind's own field options.
    """
    for letter, query in zip("ABCDEFGHIJ", queries, strict=False):
        query.ref_id = query.ref_id or letter
    defaults = FieldConfig(
        display_name=look.get("name"),
        unit=look.get("unit", style.Unit.NUMBER),
        decimals=look.get("decimals"),
        min_val=look.get("minimum"),
        max_val=look.get("maximum"),
        mappings=list(look.get("mappings", ())),
        thresholds=look.get("thresholds", style.NONE),
        color=look.get("color", color),
        links=[link.of_value() for link in look.get("links", ())],
        no_value=look.get("waits"),
        custom=custom,
    )
    return Panel(
        type_val=kind,
        title=title,
        description=about,
        datasource=queries[0].datasource if queries else None,
        targets=list(queries),
        options=options,
        field_config=FieldConfigSource(defaults=defaults, overrides=list(look.get("overrides", ()))),
        transformations=list(look.get("transformations", ())),
        max_data_points=look.get("points"),
        transparent=False,
    )


def lines(
    title: str,
    about: str,
    *queries: Query,
    stacked: bool = False,
    bars: bool = False,
    legend: Sequence[str] = (LAST,),
    limit_line: bool = False,
    dots: bool = False,
    room: float | None = None,
    **look: Unpack[Look],
) -> Panel:
    """A time series.

    Args:
        legend: what it says of each series; nothing for a plain list of names.
        limit_line: draw the thresholds, instead of none.
        dots: draw each value, for series that have few.
        room: the axis reaches up to this, also where the values are less.
    """
    style_mode = common.GraphThresholdsStyleMode.DASHED if limit_line else common.GraphThresholdsStyleMode.OFF
    custom = common.GraphFieldConfig(
        draw_style=common.GraphDrawStyle.BARS if bars else common.GraphDrawStyle.LINE,
        line_interpolation=common.LineInterpolation.LINEAR,
        line_width=1 if bars else 2,
        fill_opacity=60 if bars else 25 if stacked else 8,
        gradient_mode=common.GraphGradientMode.NONE,
        show_points=common.VisibilityMode.ALWAYS if dots else common.VisibilityMode.NEVER,
        point_size=5,
        span_nulls=60_000,
        stacking=common.StackingConfig(
            mode=common.StackingMode.NORMAL if stacked else common.StackingMode.NONE, group="A"
        ),
        thresholds_style=common.GraphThresholdsStyleConfig(mode=style_mode),
        axis_border_show=False,
        axis_soft_max=room,
    )
    options = timeseries.Options(
        legend=_legend(legend),
        tooltip=common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING),
    )
    return _panel("timeseries", title, about, queries, options, look, style.in_turn(), custom)


def _legend(calculations: Sequence[str]) -> common.VizLegendOptions:
    return common.VizLegendOptions(
        display_mode=common.LegendDisplayMode.TABLE if calculations else common.LegendDisplayMode.LIST,
        placement=common.LegendPlacement.BOTTOM,
        show_legend=True,
        calcs=list(calculations),
    )


def _reduce(calculation: str, *, all_rows: bool = False, fields: str = "") -> common.ReduceDataOptions:
    return common.ReduceDataOptions(calcs=[calculation], fields=fields, values=all_rows)


def number(
    title: str,
    about: str,
    *queries: Query,
    calculation: str = LAST,
    spark: bool = True,
    filled: bool = False,
    names: bool = False,
    fields: str = "",
    **look: Unpack[Look],
) -> Panel:
    """One value, or one for each series.

    Args:
        spark: with its course over time beneath it.
        filled: its colour fills the panel.
        names: each value with its series' name.
        fields: which of a table's columns; all numbers where it is empty.
    """
    options = stat.Options(
        graph_mode=common.BigValueGraphMode.AREA if spark else common.BigValueGraphMode.NONE,
        color_mode=common.BigValueColorMode.BACKGROUND if filled else common.BigValueColorMode.VALUE,
        justify_mode=common.BigValueJustifyMode.AUTO,
        text_mode=common.BigValueTextMode.VALUE_AND_NAME if names else common.BigValueTextMode.VALUE,
        reduce_options=_reduce(calculation, fields=fields),
        orientation=common.VizOrientation.AUTO,
        text=common.VizTextDisplayOptions(value_size=FIGURE),
    )
    return _panel("stat", title, about, queries, options, look, style.by_thresholds())


def dial(title: str, about: str, *queries: Query, **look: Unpack[Look]) -> Panel:
    """A value on a dial; it needs a minimum and a maximum."""
    options = gauge.Options(reduce_options=_reduce(LAST), orientation=common.VizOrientation.AUTO)
    return _panel("gauge", title, about, queries, options, look, style.by_thresholds())


def ranking(title: str, about: str, *queries: Query, **look: Unpack[Look]) -> Panel:
    """A bar for each series, side by side."""
    options = bargauge.Options(
        display_mode=common.BarGaugeDisplayMode.BASIC,
        value_mode=common.BarGaugeValueMode.TEXT,
        name_placement=common.BarGaugeNamePlacement.LEFT,
        orientation=common.VizOrientation.HORIZONTAL,
        show_unfilled=False,
        reduce_options=_reduce(LAST),
        legend=common.VizLegendOptions(show_legend=False),
        text=common.VizTextDisplayOptions(title_size=BAR_NAME, value_size=BAR_FIGURE),
    )
    return _panel("bargauge", title, about, queries, options, look, style.by_thresholds())


def columns(title: str, about: str, *queries: Query, by: str, **look: Unpack[Look]) -> Panel:
    """A bar for each row of a table, over the column `by`."""
    options = barchart.Options(
        x_field=by,
        orientation=common.VizOrientation.AUTO,
        show_value=common.VisibilityMode.ALWAYS,
        legend=common.VizLegendOptions(show_legend=False, display_mode=common.LegendDisplayMode.LIST),
        tooltip=common.VizTooltipOptions(mode=common.TooltipDisplayMode.SINGLE),
        bar_width=0.8,
    )
    custom = barchart.FieldConfig(fill_opacity=70, line_width=0)
    return _panel("barchart", title, about, queries, options, look, style.by_thresholds(), custom)


def shares(title: str, about: str, *queries: Query, **look: Unpack[Look]) -> Panel:
    """Parts of a whole, as a ring."""
    options = piechart.Options(
        pie_type=piechart.PieChartType.DONUT,
        reduce_options=_reduce(LAST),
        legend=piechart.PieChartLegendOptions(
            display_mode=common.LegendDisplayMode.TABLE,
            placement=common.LegendPlacement.RIGHT,
            show_legend=True,
            values=[piechart.PieChartLegendValues.VALUE, piechart.PieChartLegendValues.PERCENT],
        ),
        tooltip=common.VizTooltipOptions(mode=common.TooltipDisplayMode.SINGLE),
    )
    return _panel("piechart", title, about, queries, options, look, style.in_turn())


def rows(
    title: str,
    about: str,
    *queries: Query,
    sort: tuple[str, bool] | None = None,
    **look: Unpack[Look],
) -> Panel:
    """A table.

    Args:
        sort: a column, and whether the largest comes first.
    """
    options = table.Options(
        cell_height=common.TableCellHeight.SM,
        sort_by=[common.TableSortByFieldState(display_name=sort[0], desc=sort[1])] if sort else [],
    )
    custom = common.TableFieldOptions(align=common.FieldTextAlignment.AUTO, inspect=False)
    # A cell without a value shows what the whole table does where it has no rows; a dash says enough.
    look["overrides"] = (matching(".*", style.prop("noValue", "–")), *look.get("overrides", ()))
    return _panel("table", title, about, queries, options, look, style.by_thresholds(), custom)


def density(title: str, about: str, *queries: Query, **look: Unpack[Look]) -> Panel:
    """How values are spread, over time."""
    options = heatmap.Options(
        calculate=False,
        color=heatmap.HeatmapColorOptions(
            mode=heatmap.HeatmapColorMode.SCHEME, scheme="Blues", steps=32, fill="blue", exponent=0.5, reverse=False
        ),
        y_axis=heatmap.YAxisConfig(unit=look.get("unit"), axis_placement=common.AxisPlacement.LEFT),
        rows_frame=heatmap.RowsHeatmapOptions(layout=common.HeatmapCellLayout.AUTO),
        cell_gap=1,
        cell_values=heatmap.CellValues(unit=style.Unit.PER_SECOND),
        filter_values=heatmap.FilterValueRange(le=1e-9),
        legend=heatmap.HeatmapLegend(show=True),
        tooltip=heatmap.HeatmapTooltip(mode=common.TooltipDisplayMode.SINGLE, y_histogram=False),
        exemplars=heatmap.ExemplarConfig(color="rgba(255,0,255,0.7)"),
        show_value=common.VisibilityMode.NEVER,
    )
    return _panel("heatmap", title, about, queries, options, look)


def states(title: str, about: str, *queries: Query, **look: Unpack[Look]) -> Panel:
    """A bar of states for each series, over time."""
    options = statetimeline.Options(
        show_value=common.VisibilityMode.AUTO,
        row_height=0.8,
        merge_values=True,
        align_value=common.TimelineValueAlignment.LEFT,
        legend=common.VizLegendOptions(
            show_legend=False, display_mode=common.LegendDisplayMode.LIST, placement=common.LegendPlacement.BOTTOM
        ),
        tooltip=common.VizTooltipOptions(mode=common.TooltipDisplayMode.SINGLE),
    )
    custom = statetimeline.FieldConfig(fill_opacity=70, line_width=0)
    return _panel("state-timeline", title, about, queries, options, look, style.by_thresholds(), custom)


def messages(title: str, about: str, *queries: Query, **look: Unpack[Look]) -> Panel:
    """Log lines, the newest first."""
    options = logs.Options(
        show_time=True,
        wrap_log_message=True,
        enable_log_details=True,
        sort_order=common.LogsSortOrder.DESCENDING,
        dedup_strategy=common.LogsDedupStrategy.NONE,
    )
    return _panel("logs", title, about, queries, options, look)


def prose(title: str, about: str, content: str) -> Panel:
    """A text in Markdown."""
    return _panel("text", title, about, (), text.Options(mode=text.TextMode.MARKDOWN, content=content), {})


def service_map(title: str, about: str, *queries: Query, **look: Unpack[Look]) -> Panel:
    """Services, and who calls whom."""
    return _panel("nodeGraph", title, about, queries, nodegraph.Options(), look)


def waterfall(title: str, about: str, *queries: Query, **look: Unpack[Look]) -> Panel:
    """The spans of one trace. The SDK has no model of its options; it has none that matter here."""
    return _panel("traces", title, about, queries, {}, look)


def alert_list(title: str, about: str, *, folder: str | None = None, most: int = 20) -> Panel:
    """Grafana's own alert rules and their state; the SDK has no model of the options.

    https://grafana.com/docs/grafana/latest/panels-visualizations/visualizations/alert-list/
    """
    options: dict[str, object] = {
        "viewMode": "list",
        "groupMode": "default",
        "groupBy": [],
        "maxItems": most,
        "sortOrder": 3,
        "dashboardAlerts": False,
        "alertName": "",
        "alertInstanceLabelFilter": "",
        "stateFilter": {"firing": True, "pending": True, "noData": True, "normal": True, "error": True},
    }
    if folder is not None:
        options["folder"] = {"title": folder, "uid": folder}
    return _panel("alertlist", title, about, (), options, {})
