"""Metrics of containers that SageMaker reads itself (EnableDetailedObservability)."""

from __future__ import annotations

import httpx
import pytest

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def observed(stack, eventually):
    """The clinical model once more, observed every ten seconds."""
    sagemaker = stack.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName="clinical")["EndpointConfigName"]
    [variant] = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    endpoints = [{"MetricsEndpointPath": "/metrics", "MetricPublishFrequencyInSeconds": 10}]
    sagemaker.create_model(
        ModelName="observed",
        ExecutionRoleArn=model["ExecutionRoleArn"],
        PrimaryContainer={**model["PrimaryContainer"], "ContainerMetricsConfig": {"MetricsEndpoints": endpoints}},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="observed",
        ProductionVariants=[{**variant, "ModelName": "observed"}],
        MetricsConfig={"EnableDetailedObservability": True},
    )
    sagemaker.create_endpoint(EndpointName="observed", EndpointConfigName="observed")
    eventually(
        lambda: sagemaker.describe_endpoint(EndpointName="observed")["EndpointStatus"] == "InService", within=120
    )
    yield "observed"
    sagemaker.delete_endpoint(EndpointName="observed")
    sagemaker.delete_endpoint_config(EndpointConfigName="observed")
    sagemaker.delete_model(ModelName="observed")


def test_the_container_s_own_metrics_are_in_prometheus_with_sagemaker_s_labels(stack, observed, eventually):
    runtime = stack.client("sagemaker-runtime")
    for _ in range(3):
        with pytest.raises(runtime.exceptions.ModelError):
            runtime.invoke_endpoint(EndpointName=observed, ContentType="text/csv", Body=b"no,row")

    def series():
        query = {"query": f'model_invocations_total{{endpoint="{observed}"}}'}
        return httpx.get(f"{stack.url('prometheus', 9090)}/api/v1/query", params=query).json()["data"]["result"]

    # Once: who is read does not send as well.
    [found] = eventually(series, within=60)
    assert float(found["value"][1]) == 3
    labels = found["metric"]
    assert labels["job"] == "model"
    assert labels["aws_sagemaker_container_id"] == "container-1"
    assert labels["instance"] == labels["host_id"]
    assert labels["host_id"].startswith("i-0")
    assert labels["host_type"].startswith("ml.")
