"""What endpoints put in CloudWatch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_endpoints.aws import AwsRefused, AwsUnavailable
from obsiverse_endpoints.cloudwatch import MAX_VALUES, CloudWatchMetrics, rounded
from outcomes import KEY, outcome


class Recorder:
    """Takes calls, or raises what it is told to."""

    def __init__(self):
        self.error = None
        self.batches = []

    async def call(self, account, region, service, operation, parameters):
        if self.error is not None:
            raise self.error
        self.batches.append((account, region, service, operation, parameters))

    def values(self, metric):
        """Value to count of a metric, over all batches."""
        return {
            value: count
            for *_, parameters in self.batches
            for datum in parameters["MetricData"]
            if datum["MetricName"] == metric
            for value, count in zip(datum["Values"], datum["Counts"], strict=True)
        }


@pytest.fixture
def recorder():
    return Recorder()


async def test_every_metric_has_sagemaker_s_name_unit_and_dimensions(recorder):
    metrics = CloudWatchMetrics(recorder)
    seen = outcome()
    seen.instances, seen.overhead_seconds = 2, 0.0004
    metrics.saw(seen)
    metrics.saw(outcome(status=500))
    await metrics.flush()
    [(account, region, service, operation, parameters)] = recorder.batches
    assert (account, region, service, operation) == (KEY.account, KEY.region, "cloudwatch", "put_metric_data")
    assert parameters["Namespace"] == "AWS/SageMaker"
    dimensions = [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "AllTraffic"}]
    assert all(datum["Dimensions"] == dimensions for datum in parameters["MetricData"])
    assert {datum["MetricName"]: datum["Unit"] for datum in parameters["MetricData"]} == {
        "Invocations": "None",
        "InvocationsPerInstance": "None",
        "Invocation4XXErrors": "None",
        "Invocation5XXErrors": "None",
        "InvocationModelErrors": "None",
        "ModelLatency": "Microseconds",
        "OverheadLatency": "Microseconds",
    }
    assert recorder.values("Invocations") == {1.0: 2}
    assert recorder.values("Invocation5XXErrors") == {0.0: 1, 1.0: 1}
    assert recorder.values("Invocation4XXErrors") == {0.0: 2}
    assert recorder.values("ModelLatency") == {1000.0: 2}
    assert 400.0 in recorder.values("OverheadLatency")


async def test_enhanced_metrics_are_those_of_each_instance_too(recorder):
    metrics = CloudWatchMetrics(recorder)
    metrics.saw(outcome(enhanced=True))
    metrics.saw(outcome())
    await metrics.flush()
    [(*_, parameters)] = recorder.batches
    found = [
        (datum["MetricName"], datum["Counts"])
        for datum in parameters["MetricData"]
        if {"Name": "InstanceId", "Value": "i-1"} in datum["Dimensions"]
    ]
    assert ("Invocations", [1.0]) in found
    assert {name for name, _ in found} == {
        "Invocations",
        "Invocation4XXErrors",
        "Invocation5XXErrors",
        "InvocationModelErrors",
        "ModelLatency",
        "OverheadLatency",
    }
    assert recorder.values("InvocationsPerInstance") == {1.0: 2.0}


async def test_what_the_edge_does_not_take_is_put_later(recorder):
    metrics = CloudWatchMetrics(recorder)
    metrics.saw(outcome())
    recorder.error = AwsUnavailable("away")
    await metrics.flush()
    metrics.saw(outcome())
    await metrics.flush()
    recorder.error = None
    await metrics.flush()
    counts = [
        one["Counts"] for *_, put in recorder.batches for one in put["MetricData"] if one["MetricName"] == "Invocations"
    ]
    assert counts == [[1.0], [1.0]]


async def test_what_cloudwatch_refuses_does_not_hold_up_the_rest(recorder):
    metrics = CloudWatchMetrics(recorder)
    metrics.saw(outcome())
    recorder.error = AwsRefused("InvalidParameterValue", "no")
    await metrics.flush()
    recorder.error = None
    metrics.saw(outcome())
    await metrics.flush()
    assert len(recorder.batches) == 1


async def test_many_distinct_values_are_split_as_put_metric_data_allows(recorder):
    metrics = CloudWatchMetrics(recorder)
    for value in range(1, 400):
        metrics.measure(KEY, "v", "ModelLoadingTime", value)
    await metrics.flush()
    [(*_, parameters)] = recorder.batches
    assert all(len(datum["Values"]) <= MAX_VALUES for datum in parameters["MetricData"])
    assert recorder.values("ModelLoadingTime") == {float(value): 1.0 for value in range(1, 400)}


@given(st.floats(min_value=0.001, max_value=1e9))
def test_rounding_keeps_three_digits(value):
    assert rounded(value) == pytest.approx(value, rel=0.005)
    assert rounded(rounded(value)) == rounded(value)
