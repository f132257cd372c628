"""SEARCH in metric math, without the edge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from obsiverse_aws.cloudwatch.alarm import check_alarm
from obsiverse_aws.cloudwatch.query import InvalidQuery, Result, aligned, run
from obsiverse_aws.cloudwatch.search import Found, matcher
from obsiverse_aws.cloudwatch.store import MetricStore

ACCOUNT, REGION = "000000000000", "us-east-1"
START = 1_700_000_040
USED = "/aws/sagemaker/Endpoints"
DRIFT = "aws/sagemaker/Endpoints/data-metrics"


def datum(name: str, value: float, **dimensions: str) -> dict[str, Any]:
    pairs = [{"Name": key, "Value": text} for key, text in dimensions.items()]
    return {"MetricName": name, "Dimensions": pairs, "Value": value, "Timestamp": datetime.fromtimestamp(START, UTC)}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MetricStore]:
    """Two endpoints, one with two variants and an instance of its own; two features that drift; another account's metric."""
    made = MetricStore(tmp_path_factory.mktemp("metrics") / "metrics.db")
    of = {"EndpointName": "clinical", "VariantName": "A"}
    used = [
        datum("CPUUtilization", 10, **of),
        datum("CPUUtilization", 20, EndpointName="clinical", VariantName="B"),
        datum("CPUUtilization", 30, EndpointName="nlp v2", VariantName="A"),
        datum("CPUUtilization", 40, **of, InstanceId="i-1"),
        datum("MemoryUtilization", 50, **of),
    ]
    drift = [
        datum(f"feature_baseline_drift_{feature}", value, Endpoint="clinical", MonitoringSchedule="hourly")
        for feature, value in (("mean radius", 0.2), ("texture", 0.05))
    ]
    made.add_metric_data(ACCOUNT, REGION, USED, used)
    made.add_metric_data(ACCOUNT, REGION, DRIFT, drift)
    made.add_metric_data("111111111111", REGION, USED, used)
    yield made
    made.close()


def ask(store: MetricStore, expression: str, label: str = "${LABEL}") -> list[Result]:
    query = {"Id": "e", "Expression": expression, "Label": label}
    return run([query], store, ACCOUNT, REGION, lambda period: aligned(START, START + 300, period))


def values(results: list[Result]) -> dict[str, list[float]]:
    return {result.label: list(result.series.points.values()) for result in results}


def test_a_schema_finds_metrics_with_these_dimensions_and_no_others(store: MetricStore) -> None:
    found = ask(store, f"SEARCH('{{{USED},EndpointName,VariantName}} MetricName=\"CPUUtilization\"', 'Average', 60)")
    assert values(found) == {"clinical A": [10], "clinical B": [20], "nlp v2 A": [30]}
    assert {result.id for result in found} == {"e"}


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ('MetricName="CPUUtilization" VariantName="A"', [10, 30]),
        ('MetricName="CPUUtilization" AND VariantName="A"', [10, 30]),
        ('MetricName="CPUUtilization" EndpointName="nlp v2"', [30]),
        ('MetricName="CPUUtilization" EndpointName=("clinical" OR "nlp v2")', [10, 20, 30]),
        ("memory", [50]),
        ("Utilization clinical NOT memory", [10, 20]),
        ("NOT (cpu AND clinical)", [30, 50]),
        ('cpu AND ("B" OR "nlp v2")', [20, 30]),
        ("nlp", [30]),
        ('"nlp"', []),
        ('VariantName=a MetricName="CPUUtilization"', [10, 30]),
        ('Colour="blue"', []),
    ],
)
def test_terms(store: MetricStore, terms: str, expected: list[float]) -> None:
    found = ask(store, f"SEARCH('{{\"{USED}\", EndpointName, VariantName}} {terms}', 'Average', 60)")
    assert sorted(value for one in values(found).values() for value in one) == expected


def test_without_a_schema_a_namespace_is_a_term(store: MetricStore) -> None:
    found = ask(store, f'SEARCH(\'Namespace="{USED}" MetricName="CPUUtilization" InstanceId="i-1"\', \'Maximum\', 60)')
    assert values(found) == {"CPUUtilization": [40]}


def test_a_part_of_a_name_finds_all_that_begin_with_it(store: MetricStore) -> None:
    search = f"SEARCH('{{\"{DRIFT}\",Endpoint,MonitoringSchedule}} feature_baseline_drift Endpoint=\"clinical\"', 'Average', 60)"
    assert values(ask(store, search, "${PROP('MetricName')} of ${PROP('Dim.Endpoint')}")) == {
        "feature_baseline_drift_mean radius of clinical": [0.2],
        "feature_baseline_drift_texture of clinical": [0.05],
    }
    assert list(ask(store, f"SUM({search} > 0.1)")[0].series.points.values()) == [1]


@pytest.mark.parametrize("around", ["{}", "SUM({})", "REMOVE_EMPTY({})", "SUM({} > 0.1)", "{} * 100", "FILL({}, 0)"])
def test_what_finds_nothing_is_no_mistake(store: MetricStore, around: str) -> None:
    assert ask(store, around.format("SEARCH('MetricName=\"Nothing\"', 'Average', 60)")) == []


def test_metrics_without_data_in_the_time_can_be_left_out(store: MetricStore) -> None:
    search = f"SEARCH('{{{USED},EndpointName,VariantName}} cpu', 'Average', 60)"
    later = {"Id": "e", "Expression": f"REMOVE_EMPTY({search})"}
    assert run([later], store, ACCOUNT, REGION, lambda period: aligned(START + 600, START + 900, period)) == []
    empty = run(
        [{**later, "Expression": search}],
        store,
        ACCOUNT,
        REGION,
        lambda period: aligned(START + 600, START + 900, period),
    )
    assert [result.series.points for result in empty] == [{}, {}, {}]


@pytest.mark.parametrize(
    ("search", "reason"),
    [
        ("SEARCH('', 'Average', 60)", "needs a metric schema"),
        ("SEARCH('{} cpu', 'Average', 60)", "needs a namespace"),
        ("SEARCH('(cpu', 'Average', 60)", r"Expected '\)'"),
        ("SEARCH('cpu)', 'Average', 60)", r"Unexpected '\)'"),
        ("SEARCH('cpu OR', 'Average', 60)", "Unexpected 'end'"),
        ("SEARCH('MetricName=', 'Average', 60)", "Unexpected 'end'"),
        ("SEARCH('cpu {x}', 'Average', 60)", "Unexpected '{'"),
        ("SEARCH('cpu', 'Mean', 60)", "statistic"),
        ("SEARCH('cpu', 'Average', 61)", "Period must be"),
        ("SEARCH('cpu')", "takes a search, a statistic and a period"),
        ("SEARCH(cpu, 'Average')", "Undefined id|takes a search"),
        ("SEARCH(':aws.AccountId = 444455556666', 'Average')", "other accounts"),
        ("SEARCH('" + "NOT " * 60 + "cpu', 'Average')", "too deeply"),
        ("SEARCH('" + "x" * 1025 + "', 'Average')", "at most 1024"),
    ],
)
def test_a_search_that_can_t_be_read_is_refused(store: MetricStore, search: str, reason: str) -> None:
    with pytest.raises(InvalidQuery, match=f"Error in expression 'e': .*({reason})"):
        ask(store, search)


def test_a_backslash_makes_a_quote_a_part_of_a_text() -> None:
    assert matcher(r'MetricName="a \"b\""')(Found("n", 'a "b"', {}))


def test_alarms_can_t_search() -> None:
    search = {"Id": "e", "Expression": "SUM(SEARCH('cpu', 'Average', 60))"}
    metric = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    alarm = {
        "Metrics": [search, {"Id": "m", "MetricStat": metric, "ReturnData": False}],
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1.0,
        "EvaluationPeriods": 1,
    }
    with pytest.raises(InvalidQuery, match=r"^SEARCH is not supported on Metric Alarms\.$"):
        check_alarm(alarm)
