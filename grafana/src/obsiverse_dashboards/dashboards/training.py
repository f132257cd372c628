"""Training: jobs, what they reached, and how."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from obsiverse_dashboards import annotations, variables
from obsiverse_dashboards.layout import Section, line, section
from obsiverse_dashboards.layout import dashboard as make
from obsiverse_dashboards.links import Uid
from obsiverse_dashboards.panels import LAST, columns, lines, messages, named, number, rows
from obsiverse_dashboards.queries import log_insights, metric, metric_expression
from obsiverse_dashboards.style import BAD, GOOD, NEUTRAL, WATCH, Unit, prop, steps

NAMESPACE = "/aws/sagemaker/TrainingJobs"
GROUP = "/aws/sagemaker/TrainingJobs"
JOB = {"TrainingJobName": "$training_job"}
JOB_NAME = "${PROP('Dim.TrainingJobName')}"
# A stream is called JOB/algo-N-TIME.
BY_JOB = 'parse @logStream "*/algo-*" as job, host'
HOSTS = "Filled on AWS, where SageMaker measures the hosts of training jobs; here they are not measured yet"


def dashboard() -> Dashboard:
    """The dashboard."""
    return make(
        Uid.TRAINING,
        "SageMaker training jobs: which ran, how their loss fell and what accuracy they reached, and what they printed.",
        (_glance(), _curves(), _jobs(), _hosts(), _log()),
        neighbours=(Uid.MODEL_QUALITY, Uid.EXECUTIVE, Uid.PLATFORM),
        variables=(
            variables.endpoint(),
            variables.dimension_values(
                "training_job",
                "Training job",
                "Jobs that reported a loss.",
                NAMESPACE,
                "train:loss",
                "TrainingJobName",
            ),
        ),
        annotations=(annotations.deployments(of_chosen=False),),
        since="now-6h",
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
                    "Jobs",
                    "Training jobs that printed something in this time.",
                    log_insights(f"{BY_JOB} | stats count_distinct(job) as jobs", GROUP),
                    decimals=0,
                    spark=False,
                ),
            ),
            (
                6,
                number(
                    "Last accuracy",
                    "Accuracy on held-out rows that the last job reached. The scenario wants 95 %.",
                    log_insights(
                        'filter @message like "held-out accuracy=" | parse @message "held-out accuracy=*;" as accuracy'
                        " | sort @timestamp desc | limit 1 | display accuracy",
                        GROUP,
                    ),
                    unit=Unit.SHARE,
                    decimals=1,
                    thresholds=steps(BAD, (0.9, WATCH), (0.95, GOOD)),
                    spark=False,
                    waits="No job in this time reported an accuracy",
                ),
            ),
            (
                6,
                number(
                    "Last loss",
                    "Training loss that the last job ended with; it says how well the model fits what it was shown.",
                    log_insights(
                        'filter @message like "train loss=" | parse @message "train loss=*;" as loss'
                        " | sort @timestamp desc | limit 1 | display loss",
                        GROUP,
                    ),
                    decimals=4,
                    thresholds=steps(NEUTRAL),
                    spark=False,
                    waits="No job in this time reported a loss",
                ),
            ),
            (
                6,
                number(
                    "Longest job",
                    "From the first line that a job printed to its last.",
                    log_insights(
                        f"{BY_JOB} | stats (max(@timestamp) - min(@timestamp)) / 1000 as seconds by job"
                        " | stats max(seconds) as longest",
                        GROUP,
                    ),
                    unit=Unit.SECONDS,
                    decimals=0,
                    spark=False,
                ),
            ),
        ),
    )


def _curves() -> Section:
    by_epoch = columns(
        "Loss by epoch",
        "How the training loss of the chosen jobs fell from epoch to epoch, from their log; of several jobs on average.",
        log_insights(
            f'filter @message like "train loss=" | parse @message "* train loss=*;" as epoch, loss | {BY_JOB}'
            " | filter job in [${training_job:doublequote}]"
            " | stats max(@timestamp) as at, avg(loss) as loss by epoch | sort at asc | display epoch, loss",
            GROUP,
        ),
        by="epoch",
        decimals=4,
        minimum=0,
        waits="No chosen job printed a loss in this time",
    )
    loss = lines(
        "Loss over time",
        "CloudWatch's train:loss of the chosen jobs, as their MetricDefinitions find it in the log: an average for each minute.",
        metric(NAMESPACE, "train:loss", "Average", JOB_NAME, JOB),
        decimals=4,
        minimum=0,
        dots=True,
    )
    accuracy = lines(
        "Accuracy on held-out rows",
        "What each chosen job reached on rows that it was not trained on. The dashed line is what the scenario wants.",
        metric(NAMESPACE, "accuracy", "Maximum", JOB_NAME, JOB),
        unit=Unit.SHARE,
        decimals=1,
        maximum=1,
        thresholds=steps(BAD, (0.95, GOOD)),
        limit_line=True,
        dots=True,
    )
    return section("What the jobs reported", line(9, (8, by_epoch), (8, loss), (8, accuracy)))


def _jobs() -> Section:
    return section(
        "Jobs",
        line(
            6,
            (
                24,
                rows(
                    "Jobs in this time",
                    "When each job printed its first and its last line, how long that was, and how much it printed.",
                    log_insights(
                        f"{BY_JOB} | stats min(@timestamp) as started, max(@timestamp) as ended,"
                        " (max(@timestamp) - min(@timestamp)) / 1000 as seconds, count(*) as lines by job | sort started desc",
                        GROUP,
                    ),
                    overrides=(
                        named("job", prop("displayName", "Job"), prop("custom.width", 320)),
                        named("started", prop("displayName", "First line"), prop("unit", Unit.DATE)),
                        named("ended", prop("displayName", "Last line"), prop("unit", Unit.DATE)),
                        named("seconds", prop("displayName", "Took"), prop("unit", Unit.SECONDS), prop("decimals", 0)),
                        named("lines", prop("displayName", "Lines"), prop("unit", Unit.COUNT)),
                    ),
                    waits="No training job printed anything in this time",
                ),
            ),
        ),
    )


def _hosts() -> Section:
    def search(name: str) -> str:
        return f"SEARCH('{{\"{NAMESPACE}\",Host}} MetricName=\"{name}\"', 'Average', 60)"

    def used(title: str, name: str):
        return lines(
            title,
            f"CloudWatch's {name} of the jobs' hosts. It fills on AWS, where SageMaker measures them.",
            metric_expression(search(name), "${PROP('Dim.Host')}"),
            unit=Unit.PERCENT,
            minimum=0,
            legend=(LAST,),
            waits=HOSTS,
        )

    return section(
        "Hosts",
        line(
            7,
            (6, used("CPU", "CPUUtilization")),
            (6, used("Memory", "MemoryUtilization")),
            (6, used("GPU", "GPUUtilization")),
            (6, used("GPU memory", "GPUMemoryUtilization")),
        ),
        folded=True,
    )


def _log() -> Section:
    return section(
        "Log",
        line(
            9,
            (
                24,
                messages(
                    "What the jobs print",
                    "The newest lines of the log group of training jobs; the stream is the job's.",
                    log_insights("fields @timestamp, @message, @logStream | sort @timestamp desc | limit 200", GROUP),
                    waits="No training job printed anything in this time",
                ),
            ),
        ),
    )
