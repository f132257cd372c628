"""Model quality: whether what the model is asked and what it answers is still what it was made for."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from obsiverse_dashboards import annotations, variables
from obsiverse_dashboards.layout import Section, line, section
from obsiverse_dashboards.layout import dashboard as make
from obsiverse_dashboards.links import Uid
from obsiverse_dashboards.panels import LAST, MEAN, density, lines, number, prose, shares
from obsiverse_dashboards.queries import log_insights, metric, metric_expression, promql, promql_heatmap, promql_now
from obsiverse_dashboards.style import BAD, GOOD, WATCH, Unit, steps

CHOSEN = 'endpoint=~"$endpoint",variant=~"$variant"'
DATA, MODEL = "aws/sagemaker/Endpoints/data-metrics", "aws/sagemaker/Endpoints/model-metrics"
"""Without a leading slash: the names that SageMaker's own alarms use."""
MONITOR = (
    "Filled by a monitoring schedule with a baseline: it compares what was captured with what the model was trained on"
)
TRUTH = (
    "Filled by a model quality schedule: it compares captured answers with the truth, once that is known and uploaded"
)
COUNTING = "It needs a model that counts its predictions."
DRIFT = steps(GOOD, (0.1, WATCH), (0.2, BAD))
WANTED = steps(BAD, (0.9, WATCH), (0.95, GOOD))


def of_schedules(namespace: str, names: str) -> str:
    """The SEARCH for metrics that monitoring schedules of the chosen endpoint put."""
    return f"SEARCH('{{\"{namespace}\",Endpoint,MonitoringSchedule}} {names} Endpoint=\"$endpoint\"', 'Average', 300)"


def dashboard() -> Dashboard:
    """The dashboard."""
    return make(
        Uid.MODEL_QUALITY,
        "Whether the model is asked what it was made for, answers as it did, and is right: answers and their certainty live, drift against "
        "the baseline and accuracy against the truth where monitoring schedules run.",
        (_answers(), _drift(), _accuracy()),
        neighbours=(Uid.ENDPOINT, Uid.TRAINING, Uid.EXECUTIVE),
        variables=(variables.endpoint(), variables.variant(), variables.interval()),
        annotations=(annotations.deployments(), annotations.alerts()),
        since="now-1h",
        refresh="30s",
    )


def _answers() -> Section:
    counted = f"model_predictions_total{{{CHOSEN}}}"
    certainty = f"model_prediction_probability_bucket{{{CHOSEN}}}"
    unsure = (
        f'sum by (endpoint, variant) (rate(model_prediction_probability_bucket{{{CHOSEN},le="0.8"}}[$interval]))'
        f' - sum by (endpoint, variant) (rate(model_prediction_probability_bucket{{{CHOSEN},le="0.2"}}[$interval]))'
    )
    every = f"sum by (endpoint, variant) (rate(model_prediction_probability_count{{{CHOSEN}}}[$interval]))"
    silent = "Filled by a model that counts its predictions, as the scenario's inference.py does"
    return section(
        "What the model answers",
        line(
            4,
            (
                6,
                number(
                    "Predictions",
                    f"Rows predicted a second; a request can hold several. {COUNTING}",
                    promql(f"sum(rate({counted}[$interval]))"),
                    unit=Unit.PER_SECOND,
                    waits=silent,
                ),
            ),
            (
                6,
                number(
                    "Unsure",
                    "Share of predictions whose probability is between 0.2 and 0.8. More of them mean rows unlike those "
                    f"that it learned from. {COUNTING}",
                    promql(f"sum({unsure}) / (sum({every}) > 0)"),
                    unit=Unit.SHARE,
                    decimals=1,
                    thresholds=steps(GOOD, (0.1, WATCH), (0.25, BAD)),
                    waits=silent,
                ),
            ),
            (
                6,
                number(
                    "Refused",
                    "Share of requests that the model could not take (4xx), mostly for a wrong number or kind of features.",
                    promql(
                        f'(sum(rate(model_invocations_total{{{CHOSEN},status=~"4.."}}[$interval])) or vector(0))'
                        f" / (sum(rate(model_invocations_total{{{CHOSEN}}}[$interval])) > 0)"
                    ),
                    unit=Unit.SHARE,
                    decimals=2,
                    thresholds=steps(GOOD, (0.001, WATCH), (0.01, BAD)),
                ),
            ),
            (
                6,
                number(
                    "Accuracy at the last training",
                    "What the last training job in this time reached on held-out rows: the best that can be hoped for from its model.",
                    log_insights(
                        'filter @message like "held-out accuracy=" | parse @message "held-out accuracy=*;" as accuracy'
                        " | sort @timestamp desc | limit 1 | display accuracy",
                        "/aws/sagemaker/TrainingJobs",
                    ),
                    unit=Unit.SHARE,
                    decimals=1,
                    thresholds=WANTED,
                    spark=False,
                    waits="No training job ended in this time: choose a longer one",
                ),
            ),
        ),
        line(
            9,
            (
                8,
                lines(
                    "Answers by label",
                    "Share of each answer. A share that moves without a reason outside is the first sign of drift, and needs "
                    f"no truth. {COUNTING}",
                    promql(
                        f"sum by (label) (rate({counted}[$interval])) / on () group_left () (sum(rate({counted}[$interval])) > 0)",
                        "{{label}}",
                    ),
                    unit=Unit.SHARE,
                    decimals=1,
                    minimum=0,
                    maximum=1,
                    stacked=True,
                    legend=(LAST, MEAN),
                    waits=silent,
                ),
            ),
            (
                8,
                density(
                    "Probability that the model gives",
                    "How the probabilities are spread. A model that is sure is dark at both ends; what gathers in the "
                    f"middle is unlike its training. {COUNTING}",
                    promql_heatmap(f"sum by (le) (rate({certainty}[$interval]))"),
                    unit=Unit.SHARE,
                    waits=silent,
                ),
            ),
            (
                8,
                shares(
                    "Answers in this time",
                    f"All answers of the time range, by label. {COUNTING}",
                    promql_now(f"sum by (label) (increase({counted}[$__range]))", "{{label}}"),
                    unit=Unit.COUNT,
                    decimals=0,
                    waits=silent,
                ),
            ),
        ),
    )


def _drift() -> Section:
    return section(
        "Drift against the baseline",
        line(
            9,
            (
                16,
                lines(
                    "Drift by feature",
                    "CloudWatch's feature_baseline_drift: how far each feature's distribution is from the baseline's, 0 to 1. "
                    "The dashed line is the usual limit of 0.1. It fills when a monitoring schedule runs.",
                    metric_expression(
                        of_schedules(DATA, "feature_baseline_drift"), "${PROP('MetricName')}", period="300"
                    ),
                    unit=Unit.SHARE,
                    minimum=0,
                    thresholds=DRIFT,
                    limit_line=True,
                    waits=MONITOR,
                ),
            ),
            (
                8,
                lines(
                    "Violations",
                    "Features beyond the limit of their drift, in each run. It fills when a monitoring schedule runs.",
                    metric_expression(
                        f"SUM({of_schedules(DATA, 'feature_baseline_drift')} > 0.1)",
                        "features beyond the limit",
                        period="300",
                    ),
                    unit=Unit.COUNT,
                    decimals=0,
                    minimum=0,
                    bars=True,
                    thresholds=steps(GOOD, (1, BAD)),
                    waits=MONITOR,
                ),
            ),
        ),
        line(
            8,
            (
                12,
                lines(
                    "Values that are there, by feature",
                    "CloudWatch's feature_non_null: share of captured rows that have the feature. It fills when a "
                    "monitoring schedule runs.",
                    metric_expression(of_schedules(DATA, "feature_non_null"), "${PROP('MetricName')}", period="300"),
                    unit=Unit.SHARE,
                    minimum=0,
                    maximum=1,
                    waits=MONITOR,
                ),
            ),
            (
                12,
                lines(
                    "Captured rows",
                    "CloudWatch's feature_data: how many captured rows a run looked at. It fills when a monitoring schedule runs.",
                    metric_expression(of_schedules(DATA, "feature_data"), "${PROP('MetricName')}", period="300"),
                    unit=Unit.COUNT,
                    minimum=0,
                    waits=MONITOR,
                ),
            ),
        ),
    )


def _accuracy() -> Section:
    return section(
        "Right and wrong",
        line(
            8,
            (
                8,
                lines(
                    "Accuracy against the truth",
                    "CloudWatch's accuracy of model quality runs. It fills when a model quality schedule runs.",
                    metric_expression(of_schedules(MODEL, 'MetricName="accuracy"'), "accuracy", period="300"),
                    unit=Unit.SHARE,
                    maximum=1,
                    thresholds=WANTED,
                    limit_line=True,
                    waits=TRUTH,
                ),
            ),
            (
                8,
                lines(
                    "Accuracy at training",
                    "What each training job reached on held-out rows, from CloudWatch.",
                    metric(
                        "/aws/sagemaker/TrainingJobs",
                        "accuracy",
                        "Maximum",
                        "${PROP('Dim.TrainingJobName')}",
                        {"TrainingJobName": "*"},
                    ),
                    unit=Unit.SHARE,
                    decimals=1,
                    maximum=1,
                    thresholds=WANTED,
                    limit_line=True,
                    dots=True,
                    waits="No training job ended in this time: choose a longer one",
                ),
            ),
            (
                8,
                prose(
                    "How to read this page",
                    "What the three parts tell.",
                    "**What the model answers** is live and needs nothing but traffic. It shows that something changed, "
                    "not that it is wrong.\n\n"
                    "**Drift** compares captured requests with the training data, feature by feature. It needs data "
                    "capture, a baseline and a "
                    "monitoring schedule.\n\n"
                    "**Right and wrong** needs the truth, which mostly comes later. Until then the accuracy at training "
                    "is the best known figure.",
                ),
            ),
        ),
    )
