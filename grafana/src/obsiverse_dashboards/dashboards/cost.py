"""Cost and right-sizing: what an answer costs, what is unused, and what would do instead."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from obsiverse_dashboards import annotations, variables
from obsiverse_dashboards.layout import Section, line, section
from obsiverse_dashboards.layout import dashboard as make
from obsiverse_dashboards.links import Uid, to_endpoint
from obsiverse_dashboards.panels import LAST, MEAN, dial, lines, named, number, prose, ranking, rows, transform
from obsiverse_dashboards.queries import metric, metric_expression, promql, promql_now
from obsiverse_dashboards.style import BAD, GOOD, NEUTRAL, WATCH, Unit, prop, steps

CHOSEN = 'endpoint=~"$endpoint",variant=~"$variant"'
PLACE = {"EndpointName": "$endpoint", "VariantName": "$variant"}
LIST_PRICE = "At AWS's list price on demand in us-east-1, for the instance type that the endpoint asks for: projected, not billed."
RECOMMENDER = "Filled by an Inference Recommender job: it measures the model on instance types under load"
HOURS_A_MONTH = 730
SPARE = steps(WATCH, (0.2, GOOD), (0.7, NEUTRAL))

HOURLY = f"sum(endpoint_variant:instance_cost_usd_per_hour:sum{{{CHOSEN}}})"
ANSWERS = f"sum(endpoint_variant:model_invocations:rate5m{{{CHOSEN}}})"
BUSY = f"endpoint_variant:model_busy:ratio_rate5m{{{CHOSEN}}}"


def dashboard() -> Dashboard:
    """The dashboard."""
    return make(
        Uid.COST,
        "What the chosen endpoints cost at list prices, what a thousand answers cost, how much of what is paid for is used, and what other "
        "instance types would cost for the same traffic.",
        (_glance(), _by_endpoint(), _headroom(), _types(), _recommendations()),
        neighbours=(Uid.EXECUTIVE, Uid.ENDPOINT, Uid.TRAINING),
        variables=(variables.endpoint(), variables.variant()),
        annotations=(annotations.deployments(),),
        since="now-1h",
        refresh="30s",
    )


def _glance() -> Section:
    return section(
        "At a glance",
        line(
            4,
            (
                5,
                number(
                    "Cost per hour",
                    f"All instances of the chosen endpoints. {LIST_PRICE}",
                    promql(HOURLY),
                    unit=Unit.DOLLARS,
                    decimals=3,
                ),
            ),
            (
                5,
                number(
                    "Projected per month",
                    f"The present cost per hour for {HOURS_A_MONTH} hours. {LIST_PRICE}",
                    promql(f"{HOURLY} * {HOURS_A_MONTH}"),
                    unit=Unit.DOLLARS,
                    decimals=0,
                ),
            ),
            (
                5,
                number(
                    "Cost per 1,000 answers",
                    f"Cost per hour over answers per hour, of the last five minutes. It falls when there is more traffic. {LIST_PRICE}",
                    promql(f"1000 * {HOURLY} / (3600 * {ANSWERS} > 0)"),
                    unit=Unit.DOLLARS,
                    decimals=4,
                ),
            ),
            (
                4,
                number(
                    "Answers",
                    "Answers a second of the chosen endpoints, over five minutes.",
                    promql(ANSWERS),
                    unit=Unit.REQUESTS,
                    decimals=1,
                ),
            ),
            (
                5,
                dial(
                    "Unused",
                    "Share of the time that the models compute nothing, on average over variants. A part of it is the "
                    "room that peaks need.",
                    promql(f"1 - avg({BUSY})"),
                    unit=Unit.SHARE,
                    decimals=0,
                    minimum=0,
                    maximum=1,
                    thresholds=SPARE,
                ),
            ),
        ),
    )


def _by_endpoint() -> Section:
    def now(expr: str):
        return promql_now(expr, table=True)

    by = "by (endpoint, variant)"
    return section(
        "By endpoint",
        line(
            5,
            (
                24,
                rows(
                    "What each variant costs and uses",
                    f"Instances, cost and use of each variant now. {LIST_PRICE} A click on the endpoint shows how it answers.",
                    now(f"sum by (endpoint, variant, instance_type) (endpoint_variant:instances:count{{{CHOSEN}}})"),
                    now(f"sum {by} (endpoint_variant:instance_cost_usd_per_hour:sum{{{CHOSEN}}})"),
                    now(f"sum {by} (endpoint_variant:model_invocations:rate5m{{{CHOSEN}}})"),
                    now(f"sum {by} (endpoint_variant:cost_usd_per_1k_invocations:rate5m{{{CHOSEN}}})"),
                    now(f"sum {by} ({BUSY})"),
                    now(f"sum {by} (endpoint_variant:model_invocations:rate5m{{{CHOSEN}}} / ({BUSY} > 0))"),
                    transformations=(
                        transform("merge"),
                        transform(
                            "organize",
                            excludeByName={"Time": True},
                            indexByName={
                                "endpoint": 0,
                                "variant": 1,
                                "instance_type": 2,
                                "Value #A": 3,
                                "Value #B": 4,
                                "Value #C": 5,
                                "Value #D": 6,
                                "Value #E": 7,
                                "Value #F": 8,
                            },
                            renameByName={
                                "endpoint": "Endpoint",
                                "variant": "Variant",
                                "instance_type": "Instance type",
                                "Value #A": "Instances",
                                "Value #B": "Cost per hour",
                                "Value #C": "Answers",
                                "Value #D": "Cost per 1,000",
                                "Value #E": "Busy",
                                "Value #F": "Could answer",
                            },
                        ),
                    ),
                    overrides=(
                        named("Endpoint", prop("links", [to_endpoint("${__value.raw}").as_property()])),
                        named("Instances", prop("decimals", 0)),
                        named("Cost per hour", prop("unit", Unit.DOLLARS), prop("decimals", 3)),
                        named("Answers", prop("unit", Unit.REQUESTS), prop("decimals", 1)),
                        named("Cost per 1,000", prop("unit", Unit.DOLLARS), prop("decimals", 4)),
                        named("Busy", prop("unit", Unit.SHARE), prop("decimals", 1)),
                        named("Could answer", prop("unit", Unit.REQUESTS), prop("decimals", 0)),
                    ),
                    waits="No chosen endpoint has an instance that sends metrics",
                ),
            ),
        ),
        line(
            8,
            (
                12,
                lines(
                    "Cost per 1,000 answers",
                    f"It falls with more traffic and rises when instances idle. {LIST_PRICE}",
                    promql(
                        f"endpoint_variant:cost_usd_per_1k_invocations:rate5m{{{CHOSEN}}}", "{{endpoint}} {{variant}}"
                    ),
                    unit=Unit.DOLLARS,
                    minimum=0,
                    legend=(LAST, MEAN),
                ),
            ),
            (
                12,
                lines(
                    "Cost per hour",
                    f"Steps are instances that came and went, and changes of their type. {LIST_PRICE}",
                    promql(f"endpoint_variant:instance_cost_usd_per_hour:sum{{{CHOSEN}}}", "{{endpoint}} {{variant}}"),
                    unit=Unit.DOLLARS,
                    minimum=0,
                    stacked=True,
                    legend=(LAST, MEAN),
                ),
            ),
        ),
    )


def _headroom() -> Section:
    return section(
        "Headroom",
        line(
            8,
            (
                8,
                lines(
                    "Busy",
                    "Share of the time that the model computes, of all instances. Above 60 % peaks begin to wait, above 85 % all do.",
                    promql(BUSY, "{{endpoint}} {{variant}}"),
                    unit=Unit.SHARE,
                    minimum=0,
                    thresholds=steps(GOOD, (0.6, WATCH), (0.85, BAD)),
                    limit_line=True,
                    legend=(LAST, MEAN),
                ),
            ),
            (
                8,
                lines(
                    "Answers, and what would fit",
                    "Answers a second, and how many the same instances could give if they were busy all the time, at the present batches.",
                    promql(
                        f"sum by (endpoint) (endpoint_variant:model_invocations:rate5m{{{CHOSEN}}})", "{{endpoint}}"
                    ),
                    promql(
                        f"sum by (endpoint) (endpoint_variant:model_invocations:rate5m{{{CHOSEN}}} / ({BUSY} > 0))",
                        "{{endpoint}} would fit",
                    ),
                    unit=Unit.REQUESTS,
                    minimum=0,
                    legend=(LAST, MEAN),
                ),
            ),
            (
                8,
                lines(
                    "CPU of the instances",
                    "CloudWatch's CPUUtilization: 100 % for each core. CPU that stays low for days is a smaller instance type.",
                    metric(
                        "/aws/sagemaker/Endpoints",
                        "CPUUtilization",
                        "Average",
                        "${PROP('Dim.EndpointName')} ${PROP('Dim.VariantName')}",
                        PLACE,
                    ),
                    unit=Unit.PERCENT,
                    minimum=0,
                    legend=(LAST, MEAN),
                ),
            ),
        ),
    )


def _types() -> Section:
    return section(
        "Other instance types",
        line(
            10,
            (
                14,
                ranking(
                    "What 1,000 answers would cost on another type",
                    "The present traffic on as many instances of each type, if they can carry it: list prices over "
                    "answers, nothing measured. "
                    "What a type can carry is what Inference Recommender measures.",
                    promql_now(
                        "sort(1000 * instance_type:cost_usd_per_hour * on () group_left () "
                        f"sum(endpoint_variant:instances:count{{{CHOSEN}}})"
                        f" / on () group_left () (3600 * {ANSWERS} > 0))",
                        "{{instance_type}}",
                    ),
                    unit=Unit.DOLLARS,
                    decimals=4,
                    minimum=0,
                    thresholds=steps(NEUTRAL),
                ),
            ),
            (
                10,
                ranking(
                    "Instances that the traffic needs",
                    "How many instances of the present type would be 60 % busy with the present traffic; at least one.",
                    promql_now(
                        f"clamp_min(ceil(sum by (endpoint, variant) ({BUSY})"
                        f" * sum by (endpoint, variant) (endpoint_variant:instances:count{{{CHOSEN}}}) / 0.6), 1)",
                        "{{endpoint}} {{variant}}: needed",
                    ),
                    promql_now(
                        f"sum by (endpoint, variant) (endpoint_variant:instances:count{{{CHOSEN}}})",
                        "{{endpoint}} {{variant}}: running",
                    ),
                    decimals=0,
                    minimum=0,
                    thresholds=steps(NEUTRAL),
                ),
            ),
        ),
    )


def _recommendations() -> Section:
    def recommended(title: str, about: str, name: str, unit: str):
        search = (
            f"SEARCH('Namespace=\"/aws/sagemaker/InferenceRecommendationsJobs\" MetricName=\"{name}\"', 'Average', 60)"
        )
        return lines(
            title,
            f"CloudWatch's {name} of Inference Recommender's jobs. {about}",
            metric_expression(search, "${LABEL}"),
            unit=unit,
            minimum=0,
            waits=RECOMMENDER,
        )

    return section(
        "Recommendation",
        line(
            7,
            (8, recommended("Load that was tried", "It fills when such a job runs.", "ClientInvocations", Unit.COUNT)),
            (
                8,
                recommended(
                    "Latency under that load", "In milliseconds. It fills when such a job runs.", "ClientLatency", "ms"
                ),
            ),
            (
                8,
                prose(
                    "How to read this page",
                    "What the figures stand on.",
                    "**Prices** are AWS's list prices on demand (us-east-1), in `prometheus/rules/cost.yml`, with source and date. "
                    "Discounts, savings plans and storage are not in them.\n\n"
                    "**Unused** above 70 % for days: try a smaller type, or fewer instances. **Busy** above 60 %: add "
                    "one before the next peak.\n\n"
                    "A recommendation needs a measurement: an Inference Recommender job fills the two panels beside this.",
                ),
            ),
        ),
    )
