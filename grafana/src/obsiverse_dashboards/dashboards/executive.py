"""Executive: is each model healthy, what does it cost, what changed. In words that need no engineer."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from obsiverse_dashboards import annotations, variables
from obsiverse_dashboards.layout import Section, line, section
from obsiverse_dashboards.layout import dashboard as make
from obsiverse_dashboards.links import Link, Uid, to_endpoint
from obsiverse_dashboards.panels import LAST, lines, named, number, rows, states, transform
from obsiverse_dashboards.queries import log_insights, promql, promql_now
from obsiverse_dashboards.style import BAD, GOOD, HEALTH, NEUTRAL, WATCH, Unit, prop, steps, words

MODEL = 'endpoint=~"$endpoint"'
PRICE = "At AWS's list price, projected from what runs now; not a bill."
HOURS_A_DAY, HOURS_A_MONTH = 24, 730
IDLE = "Not running now, or hardly asked"
LIVE = words({"1": ("Live", GOOD)})
LEVELS = steps(GOOD, (1, WATCH), (2, BAD))
RELIABLE = steps(BAD, (0.95, WATCH), (0.99, GOOD))
QUICK = steps(GOOD, (0.25, WATCH), (0.5, BAD))
OK_ANSWERS = f'sum by (endpoint) (increase(model_invocations_total{{{MODEL},status!~"5.."}}[$__range]))'
ANSWERS = f"sum by (endpoint) (increase(model_invocations_total{{{MODEL}}}[$__range]))"


def health(selector: str) -> str:
    """0 where nothing is wrong with a model, 1 where a warning fires, 2 where something critical does."""
    firing = f'ALERTS{{alertstate="firing",{selector}'
    return (
        f'2 * max by (endpoint) ({firing},severity="critical"}})'
        f' or max by (endpoint) ({firing},severity="warning"}})'
        f" or 0 * sum by (endpoint) (endpoint_variant:model_invocations:rate5m{{{selector}}})"
    )


def dashboard() -> Dashboard:
    """The dashboard."""
    return make(
        Uid.EXECUTIVE,
        "Is each model healthy, what does it cost, and what changed.",
        (_summary(), _models(), _changes(), _each()),
        neighbours=(Uid.ENDPOINT, Uid.COST, Uid.MODEL_QUALITY),
        variables=(variables.model(), variables.running()),
        annotations=(annotations.deployments(), annotations.alerts()),
        since="now-1h",
        refresh="30s",
    )


def _summary() -> Section:
    hourly = f"sum(endpoint_variant:instance_cost_usd_per_hour:sum{{{MODEL}}})"
    return section(
        "Today",
        line(
            4,
            (
                6,
                number(
                    "Health",
                    "Whether any model needs attention: green when none does, orange when something should be looked at, "
                    "red when customers notice.",
                    promql_now(f"max({health(MODEL)})"),
                    mappings=(HEALTH,),
                    thresholds=LEVELS,
                    spark=False,
                    large=True,
                    filled=True,
                    links=(Link("What is wrong", Uid.ALERTS),),
                ),
            ),
            (
                4,
                number(
                    "Questions answered",
                    "How many questions the models answered in the time shown at the top right.",
                    promql_now(f"sum({ANSWERS})"),
                    unit=Unit.COUNT,
                    thresholds=steps(NEUTRAL),
                    spark=False,
                    large=True,
                ),
            ),
            (
                5,
                number(
                    "Answered well",
                    "Share of questions that got an answer rather than an error.",
                    promql_now(f"sum({OK_ANSWERS}) / sum({ANSWERS})"),
                    unit=Unit.SHARE,
                    decimals=2,
                    thresholds=RELIABLE,
                    spark=False,
                    large=True,
                ),
            ),
            (
                4,
                number(
                    "Cost per day",
                    f"What all models cost in a day. {PRICE}",
                    promql(f"{hourly} * {HOURS_A_DAY}"),
                    unit=Unit.DOLLARS,
                    decimals=2,
                    thresholds=steps(NEUTRAL),
                    spark=False,
                    large=True,
                    links=(Link("Where it goes", Uid.COST),),
                ),
            ),
            (
                5,
                number(
                    "Cost per month",
                    f"What all models cost in a month of {HOURS_A_MONTH} hours. {PRICE}",
                    promql(f"{hourly} * {HOURS_A_MONTH}"),
                    unit=Unit.DOLLARS,
                    decimals=0,
                    thresholds=steps(NEUTRAL),
                    spark=False,
                    large=True,
                    links=(Link("Where it goes", Uid.COST),),
                ),
            ),
        ),
    )


def _models() -> Section:
    def now(expr: str):
        return promql_now(expr, table=True)

    return section(
        "Each model",
        line(
            5,
            (
                24,
                rows(
                    "Models",
                    f"How each model is doing. {PRICE} A click on a model shows the details.",
                    now(health(MODEL)),
                    now(f"{ANSWERS} > 0"),
                    now(f"{OK_ANSWERS} / ({ANSWERS} > 0)"),
                    # Nothing else leaves out what is no number.
                    now(
                        "histogram_quantile(0.99, sum by (endpoint, le)"
                        f" (increase(model_duration_seconds_bucket{{{MODEL}}}[$__range]))) >= 0"
                    ),
                    now(
                        f"{HOURS_A_DAY} * sum by (endpoint) (endpoint_variant:instance_cost_usd_per_hour:sum{{{MODEL}}})"
                    ),
                    now(
                        f"1000 * sum by (endpoint) (endpoint_variant:instance_cost_usd_per_hour:sum{{{MODEL}}})"
                        f" / (3600 * sum by (endpoint) (endpoint_variant:model_invocations:rate5m{{{MODEL}}}) > 0)"
                    ),
                    transformations=(
                        transform("merge"),
                        transform(
                            "organize",
                            excludeByName={"Time": True},
                            indexByName={
                                "endpoint": 0,
                                "Value #A": 1,
                                "Value #B": 2,
                                "Value #C": 3,
                                "Value #D": 4,
                                "Value #E": 5,
                                "Value #F": 6,
                            },
                            renameByName={
                                "endpoint": "Model",
                                "Value #A": "Health",
                                "Value #B": "Questions",
                                "Value #C": "Answered well",
                                "Value #D": "99 of 100 answers within",
                                "Value #E": "Cost per day",
                                "Value #F": "Cost per 1,000 answers",
                            },
                        ),
                    ),
                    overrides=(
                        named("Model", prop("links", [to_endpoint("${__value.raw}").as_property()])),
                        named(
                            "Health",
                            prop("mappings", [{"type": "value", "options": _options()}]),
                            prop("thresholds", {"mode": "absolute", "steps": _steps()}),
                            prop("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
                        ),
                        named("Questions", prop("unit", Unit.COUNT)),
                        named("Answered well", prop("unit", Unit.SHARE), prop("decimals", 2)),
                        named("99 of 100 answers within", prop("unit", Unit.SECONDS)),
                        named("Cost per day", prop("unit", Unit.DOLLARS), prop("decimals", 2)),
                        named("Cost per 1,000 answers", prop("unit", Unit.DOLLARS), prop("decimals", 4)),
                    ),
                    waits="No model answered anything in this time",
                ),
            ),
        ),
    )


def _options() -> dict[str, object]:
    return {value: {"text": one.text, "color": one.color, "index": one.index} for value, one in HEALTH.options.items()}


def _steps() -> list[dict[str, object]]:
    return [{"value": step.value, "color": step.color} for step in LEVELS.steps]


def _changes() -> Section:
    return section(
        "What changed",
        line(
            6,
            (
                12,
                states(
                    "Health over time",
                    "When each model was healthy, needed attention or was in trouble.",
                    promql(health(MODEL), "{{endpoint}}"),
                    mappings=(HEALTH,),
                    thresholds=LEVELS,
                    points=200,
                    links=(to_endpoint(),),
                ),
            ),
            (
                12,
                states(
                    "Version that answers",
                    "Which version of each model answered when. Where two overlap, one was taking over from the other.",
                    promql(
                        f"clamp_max(sum by (endpoint, model) (endpoint_variant:instances:count{{{MODEL}}}), 1)",
                        "{{endpoint}}: {{model}}",
                    ),
                    mappings=(LIVE,),
                    thresholds=steps(GOOD),
                    points=200,
                ),
            ),
        ),
        line(
            8,
            (
                12,
                lines(
                    "Questions per minute",
                    "How much each model is asked. Marks show new versions and alerts.",
                    promql(f"60 * sum by (endpoint) (rate(model_invocations_total{{{MODEL}}}[5m]))", "{{endpoint}}"),
                    unit=Unit.COUNT,
                    minimum=0,
                    legend=(LAST,),
                    links=(to_endpoint(),),
                ),
            ),
            (
                12,
                rows(
                    "Versions that were trained",
                    "Each training in this time, and how many of a hundred unseen cases the new version got right.",
                    log_insights(
                        'filter @message like "held-out accuracy=" | parse @message "held-out accuracy=*;" as accuracy'
                        ' | parse @logStream "*/algo-*" as version, host'
                        " | sort @timestamp desc | limit 20 | display @timestamp, version, accuracy",
                        "/aws/sagemaker/TrainingJobs",
                    ),
                    overrides=(
                        named("@timestamp", prop("displayName", "When"), prop("custom.width", 190)),
                        named(
                            "version",
                            prop("displayName", "Version"),
                            prop("links", [Link("The training", Uid.TRAINING).as_property()]),
                        ),
                        named("accuracy", prop("displayName", "Right"), prop("unit", Unit.SHARE), prop("decimals", 1)),
                    ),
                    waits="Nothing was trained in this time",
                ),
            ),
        ),
    )


def _each() -> Section:
    one = 'endpoint="$running"'
    hourly = f"sum(endpoint_variant:instance_cost_usd_per_hour:sum{{{one}}})"
    return section(
        "$running",
        line(
            5,
            (
                4,
                number(
                    "Health",
                    "Whether this model needs attention.",
                    promql_now(health(one)),
                    mappings=(HEALTH,),
                    thresholds=LEVELS,
                    filled=True,
                    spark=False,
                    large=True,
                    links=(to_endpoint("$running"),),
                    waits=IDLE,
                ),
            ),
            (
                8,
                lines(
                    "Time to answer",
                    "99 of 100 answers come within this time. Above the dashed line people begin to notice.",
                    promql(
                        f"histogram_quantile(0.99, sum by (le) (rate(model_duration_seconds_bucket{{{one}}}[5m])))",
                        "99 of 100 within",
                    ),
                    unit=Unit.SECONDS,
                    minimum=0,
                    thresholds=QUICK,
                    limit_line=True,
                    room=0.3,
                    legend=(),
                    links=(to_endpoint("$running"),),
                    waits=IDLE,
                ),
            ),
            (
                8,
                lines(
                    "Questions that got an error",
                    "Share of questions that got an error instead of an answer.",
                    promql(
                        f'(sum(rate(model_invocations_total{{{one},status=~"5.."}}[5m])) or vector(0))'
                        f" / (sum(rate(model_invocations_total{{{one}}}[5m])) > 0)",
                        "with an error",
                    ),
                    unit=Unit.SHARE,
                    minimum=0,
                    room=0.05,
                    legend=(),
                    links=(to_endpoint("$running"),),
                    waits=IDLE,
                ),
            ),
            (
                4,
                number(
                    "Per 1,000 answers",
                    f"Cost of 1,000 answers. It falls when the model is asked more. {PRICE}",
                    promql(f"1000 * {hourly} / (3600 * sum(endpoint_variant:model_invocations:rate5m{{{one}}}) > 0)"),
                    unit=Unit.DOLLARS,
                    decimals=4,
                    thresholds=steps(NEUTRAL),
                    links=(Link("Where it goes", Uid.COST, (("endpoint", "$running"),)),),
                    waits=IDLE,
                ),
            ),
        ),
        repeat="running",
    )
