"""CloudWatch through boto3."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from platform_under_test import ACCOUNT, REGION, Platform, wait_for

START = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cloudwatch(platform: Platform) -> Any:
    """CloudWatch's client."""
    return platform.client("cloudwatch")


def query(query_id: str, namespace: str, stat: str, period: int = 60, **more: Any) -> dict[str, Any]:
    """A query of the metric m."""
    metric = {"Namespace": namespace, "MetricName": "m"}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}


def put_a_minute_each(cloudwatch: Any, namespace: str, *values: float) -> None:
    """Put values of the metric m in minutes of their own."""
    data = [{"MetricName": "m", "Timestamp": START + at * MINUTE, "Value": value} for at, value in enumerate(values)]
    for first in range(0, len(data), 1000):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data[first : first + 1000])


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def test_expressions_and_percentiles_come_in_the_order_of_the_queries_without_what_is_hidden(cloudwatch: Any) -> None:
    put_a_minute_each(cloudwatch, "order", 1, 2, 4)
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {"Id": "e1", "Expression": "p / hidden * 100", "Label": "share"},
            query("hidden", "order", "Sum", ReturnData=False),
            query("p", "order", "p50"),
        ],
        StartTime=START,
        EndTime=START + 3 * MINUTE,
    )
    shown = [(one["Id"], one["Label"], one["Values"], one["StatusCode"]) for one in answer["MetricDataResults"]]
    assert shown == [("e1", "share", [100, 100, 100], "Complete"), ("p", "m p50", [4, 2, 1], "Complete")]
    assert answer["MetricDataResults"][0]["Timestamps"] == [START + 2 * MINUTE, START + MINUTE, START]


def test_pages_together_are_all_datapoints(cloudwatch: Any) -> None:
    put_a_minute_each(cloudwatch, "pages", *range(7))
    request: dict[str, Any] = {
        "MetricDataQueries": [query("a", "pages", "Sum"), query("b", "pages", "Maximum", 120)],
        "StartTime": START,
        "EndTime": START + 7 * MINUTE,
        "ScanBy": "TimestampAscending",
    }
    found: dict[str, list[float]] = {"a": [], "b": []}
    pages = list(cloudwatch.get_paginator("get_metric_data").paginate(**request, PaginationConfig={"PageSize": 4}))
    for page in pages:
        for result in page["MetricDataResults"]:
            found[result["Id"]] += result["Values"]
    assert found == {"a": [0, 1, 2, 3, 4, 5, 6], "b": [1, 3, 5, 6]}
    assert [[one["StatusCode"] for one in page["MetricDataResults"]] for page in pages] == [
        ["PartialData", "PartialData"],
        ["Complete", "PartialData"],
        ["Complete", "Complete"],
    ]
    with pytest.raises(ClientError) as error:
        cloudwatch.get_metric_data(**request, NextToken="nonsense")
    assert code_of(error) == "InvalidNextToken"


def test_what_metric_math_does_not_know_is_a_validation_error(cloudwatch: Any) -> None:
    for wrong in ({"Id": "e", "Expression": "NOPE(m)"}, query("e", "x", "p200"), query("E", "x", "Sum")):
        with pytest.raises(ClientError) as error:
            cloudwatch.get_metric_data(
                MetricDataQueries=[query("m", "x", "Sum"), wrong], StartTime=START, EndTime=START + MINUTE
            )
        assert code_of(error) == "ValidationError"


def test_statistics_of_each_unit_apart_from_the_start_of_the_period_and_without_the_end(cloudwatch: Any) -> None:
    def datum(seconds: int, value: float, unit: str) -> dict[str, Any]:
        return {"MetricName": "m", "Timestamp": START + timedelta(seconds=seconds), "Value": value, "Unit": unit}

    data = [datum(0, 1, "Seconds"), datum(119, 2, "Seconds"), datum(60, 5, "Count"), datum(120, 100, "Seconds")]
    cloudwatch.put_metric_data(Namespace="units", MetricData=data)
    asked = {
        "Namespace": "units",
        "MetricName": "m",
        "StartTime": START + timedelta(seconds=90),
        "EndTime": START + 2 * MINUTE,
        "Period": 120,
    }
    found = cloudwatch.get_metric_statistics(**asked, Statistics=["Average", "SampleCount"])["Datapoints"]
    assert sorted(found, key=lambda one: one["Unit"]) == [
        {"Timestamp": START, "Unit": "Count", "Average": 5, "SampleCount": 1},
        {"Timestamp": START, "Unit": "Seconds", "Average": 1.5, "SampleCount": 2},
    ]
    found = cloudwatch.get_metric_statistics(**asked, ExtendedStatistics=["p99", "tm50"], Unit="Seconds")["Datapoints"]
    assert found == [{"Timestamp": START, "Unit": "Seconds", "ExtendedStatistics": {"p99": 2, "tm50": 1}}]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "InvalidParameterCombination"),
        ({"Statistics": ["Sum"], "ExtendedStatistics": ["p1"]}, "InvalidParameterCombination"),
        ({"ExtendedStatistics": ["p1000"]}, "InvalidParameterValue"),
        ({"ExtendedStatistics": ["Sum"]}, "InvalidParameterValue"),
        ({"Statistics": ["Sum"], "Period": 61}, "InvalidParameterValue"),
        ({"Statistics": ["Sum"], "EndTime": START}, "InvalidParameterValue"),
        ({"Statistics": ["Sum"], "EndTime": START + 2000 * MINUTE}, "InvalidParameterCombination"),
    ],
)
def test_statistics_that_are_asked_for_wrongly_are_refused(cloudwatch: Any, asked: dict[str, Any], code: str) -> None:
    whole = {"Namespace": "n", "MetricName": "m", "StartTime": START, "EndTime": START + MINUTE, "Period": 60, **asked}
    with pytest.raises(ClientError) as error:
        cloudwatch.get_metric_statistics(**whole)
    assert code_of(error) == code


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({}, "MissingParameter"),
        ({"Value": 0.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ({"Values": [1.0, 2.0], "Counts": [1.0]}, "InvalidParameterValue"),
        ({"Value": float("inf")}, "InvalidParameterValue"),
    ],
)
def test_a_wrong_datum_keeps_all_of_the_request_out(cloudwatch: Any, datum: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        cloudwatch.put_metric_data(
            Namespace="wrong", MetricData=[{"MetricName": "good", "Value": 1}, {"MetricName": "bad", **datum}]
        )
    assert code_of(error) == code
    assert cloudwatch.list_metrics(Namespace="wrong")["Metrics"] == []


def test_metrics_are_listed_by_some_of_their_dimensions(cloudwatch: Any) -> None:
    for value in ("x", "xyz"):
        dimensions = [{"Name": "d", "Value": value}, {"Name": "e", "Value": "1"}]
        datum = {"MetricName": "m", "Dimensions": dimensions, "Value": 1}
        cloudwatch.put_metric_data(Namespace="listed", MetricData=[datum, datum])

    def listed(*filters: dict[str, str]) -> list[str]:
        metrics = cloudwatch.list_metrics(Namespace="listed", Dimensions=list(filters))["Metrics"]
        return sorted(metric["Dimensions"][0]["Value"] for metric in metrics)

    assert listed({"Name": "d", "Value": "x"}) == ["x"]
    assert listed({"Name": "e"}) == ["x", "xyz"]
    assert listed({"Name": "f"}) == []


def test_accounts_and_regions_do_not_see_each_others_metrics(platform: Platform, cloudwatch: Any) -> None:
    put_a_minute_each(cloudwatch, "mine", 1)
    others = platform.client("cloudwatch", account="111111111111"), platform.client("cloudwatch", region="eu-west-1")
    for client in (cloudwatch, *others):
        answer = client.get_metric_data(
            MetricDataQueries=[query("a", "mine", "Sum")], StartTime=START, EndTime=START + MINUTE
        )
        assert answer["MetricDataResults"][0]["Values"] == ([1] if client is cloudwatch else [])


def test_a_day_of_minutes_comes_newest_first(cloudwatch: Any) -> None:
    put_a_minute_each(cloudwatch, "day", *range(1440))
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[query("a", "day", "Average")], StartTime=START, EndTime=START + 1440 * MINUTE
    )
    assert answer["MetricDataResults"][0]["Values"] == list(range(1439, -1, -1))


class Inbox:
    """A queue that gets what a topic is told."""

    def __init__(self, platform: Platform, name: str) -> None:
        sns, self._sqs = platform.client("sns"), platform.client("sqs")
        self.topic = sns.create_topic(Name=name)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn)

    def next(self) -> dict[str, Any]:
        """The next message."""

        def received() -> Any:
            return self._sqs.receive_message(QueueUrl=self._queue, WaitTimeSeconds=5).get("Messages")

        [message] = wait_for(received, "a notification", 30)
        self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(json.loads(message["Body"])["Message"])


def test_an_alarm_on_p99_goes_off_and_tells_its_topic(platform: Platform, cloudwatch: Any) -> None:
    inbox = Inbox(platform, "p99")
    put = {
        "AlarmName": "p99",
        "Namespace": "p99",
        "MetricName": "m",
        "ExtendedStatistic": "p99",
        "Period": 10,
        "EvaluationPeriods": 1,
        "Threshold": 50,
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": [inbox.topic],
        "OKActions": [inbox.topic],
    }
    cloudwatch.put_metric_data(Namespace="p99", MetricData=[{"MetricName": "m", "Values": [1.0], "Counts": [99.0]}])
    cloudwatch.put_metric_alarm(**put)
    assert inbox.next()["NewStateValue"] == "OK"
    cloudwatch.put_metric_data(Namespace="p99", MetricData=[{"MetricName": "m", "Values": [99.0], "Counts": [9.0]}])
    told = inbox.next()
    assert (told["OldStateValue"], told["NewStateValue"]) == ("OK", "ALARM")
    assert told["Trigger"]["ExtendedStatistic"] == "p99"
    assert "greater than the threshold (50.0)" in told["NewStateReason"]
    # An update leaves the state.
    cloudwatch.put_metric_alarm(**{**put, "AlarmDescription": "again"})
    [described] = cloudwatch.describe_alarms(AlarmNames=["p99"])["MetricAlarms"]
    assert (described["StateValue"], described["AlarmDescription"]) == ("ALARM", "again")
    cloudwatch.delete_alarms(AlarmNames=["p99"])


def test_an_alarm_on_an_expression_goes_off_and_tells_its_topic_the_expression(
    platform: Platform, cloudwatch: Any
) -> None:
    inbox = Inbox(platform, "ratio")
    metrics = [
        {"Id": "rate", "Expression": "100 * bad / all", "Label": "bad share"},
        *(
            {
                "Id": name,
                "MetricStat": {"Metric": {"Namespace": "ratio", "MetricName": name}, "Period": 60, "Stat": "Sum"},
                "ReturnData": False,
            }
            for name in ("bad", "all")
        ),
    ]
    data = [{"MetricName": "bad", "Value": 2}, {"MetricName": "all", "Value": 10}]
    cloudwatch.put_metric_data(Namespace="ratio", MetricData=data)
    cloudwatch.put_metric_alarm(
        AlarmName="ratio",
        Metrics=metrics,
        EvaluationPeriods=3,
        DatapointsToAlarm=1,
        Threshold=15,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[inbox.topic],
    )
    told = inbox.next()
    assert told["NewStateValue"] == "ALARM"
    assert [one["Id"] for one in told["Trigger"]["Metrics"]] == ["rate", "bad", "all"]
    [described] = cloudwatch.describe_alarms(AlarmNames=["ratio"])["MetricAlarms"]
    assert json.loads(described["StateReasonData"])["recentDatapoints"] == [20]
    cloudwatch.delete_alarms(AlarmNames=["ratio"])


def test_an_alarm_without_data_is_as_it_treats_that(cloudwatch: Any) -> None:
    states = {"missing": "INSUFFICIENT_DATA", "notBreaching": "OK", "breaching": "ALARM"}
    for treatment in states:
        cloudwatch.put_metric_alarm(
            AlarmName=f"nothing-{treatment}",
            Namespace="nothing",
            MetricName="m",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=2,
            Threshold=1,
            ComparisonOperator="LessThanThreshold",
            TreatMissingData=treatment,
        )

    def reached() -> bool:
        alarms = cloudwatch.describe_alarms(AlarmNamePrefix="nothing-")["MetricAlarms"]
        return {one["TreatMissingData"]: one["StateValue"] for one in alarms} == states

    wait_for(reached, "states of alarms without data")
    cloudwatch.delete_alarms(AlarmNames=[f"nothing-{treatment}" for treatment in states])


def test_an_alarm_on_what_metric_math_does_not_know_is_refused(cloudwatch: Any) -> None:
    with pytest.raises(ClientError) as error:
        cloudwatch.put_metric_alarm(
            AlarmName="wrong",
            Metrics=[query("m", "x", "Sum", ReturnData=False), {"Id": "e", "Expression": "NOPE(m)"}],
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
    assert code_of(error) == "ValidationError"
    assert cloudwatch.describe_alarms(AlarmNames=["wrong"])["MetricAlarms"] == []


def test_a_composite_alarm_keeps_the_tags_that_it_is_made_with(cloudwatch: Any) -> None:
    put = {"AlarmName": "any", "AlarmRule": "TRUE"}
    cloudwatch.put_composite_alarm(**put, Tags=[{"Key": "team", "Value": "a"}])
    # As CloudWatch has it, an update's tags are not heard.
    cloudwatch.put_composite_alarm(**put, Tags=[{"Key": "team", "Value": "b"}])
    [described] = cloudwatch.describe_alarms(AlarmNames=["any"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    tags = cloudwatch.list_tags_for_resource(ResourceARN=described["AlarmArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]
    cloudwatch.delete_alarms(AlarmNames=["any"])
