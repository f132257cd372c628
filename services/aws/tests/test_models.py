"""Models, endpoint configurations and tags through boto3."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from platform_under_test import ACCOUNT, IMAGE, REGION, ROLE, Platform

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
CONTAINER = {"Image": IMAGE, "ModelDataUrl": "s3://models/none.tar.gz", "Environment": {"K": "V"}}


def fault(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    """Code and message."""
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_model_is_described_as_it_was_created_until_it_is_deleted(platform: Platform) -> None:
    sagemaker = platform.sagemaker
    created = sagemaker.create_model(ModelName="Life", ExecutionRoleArn=ROLE, PrimaryContainer=CONTAINER)
    assert created["ModelArn"] == f"{ARN}:model/life"
    described = sagemaker.describe_model(ModelName="Life")
    assert described["PrimaryContainer"] == CONTAINER
    assert described["ExecutionRoleArn"] == ROLE
    sagemaker.delete_model(ModelName="Life")
    with pytest.raises(ClientError) as caught:
        sagemaker.describe_model(ModelName="Life")
    assert fault(caught) == ("ValidationException", f'Could not find model "{ARN}:model/life".')


def test_second_model_of_a_name_is_refused(platform: Platform) -> None:
    platform.sagemaker.create_model(ModelName="twice", ExecutionRoleArn=ROLE, PrimaryContainer=CONTAINER)
    with pytest.raises(ClientError) as caught:
        platform.sagemaker.create_model(ModelName="twice", ExecutionRoleArn=ROLE, PrimaryContainer=CONTAINER)
    assert fault(caught) == ("ValidationException", f'Cannot create already existing model "{ARN}:model/twice".')


def test_names_are_checked_against_the_pattern_of_the_api(platform: Platform) -> None:
    with pytest.raises(ClientError) as caught:
        platform.sagemaker.create_model(ModelName="no_underscores", PrimaryContainer=CONTAINER)
    code, message = fault(caught)
    assert code == "ValidationException"
    assert message.startswith("1 validation error detected: Value 'no_underscores' at 'modelName' failed to satisfy")


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        (
            {"Containers": [CONTAINER, CONTAINER], "InferenceExecutionConfig": {"Mode": "Direct"}},
            "needs a ContainerHostname",
        ),
        ({"PrimaryContainer": {"Mode": "MultiModel", "Image": IMAGE}}, "needs a ModelDataUrl"),
        ({"PrimaryContainer": {"ModelPackageName": "package"}}, "package"),
        ({"PrimaryContainer": CONTAINER, "Containers": [CONTAINER]}, "one or the other"),
        ({}, "needs a PrimaryContainer"),
    ],
)
def test_model_that_can_not_run_is_refused(platform: Platform, definition: dict[str, object], reason: str) -> None:
    with pytest.raises(ClientError, match=reason):
        platform.sagemaker.create_model(ModelName="refused", ExecutionRoleArn=ROLE, **definition)


def test_pages_hold_every_model_once_though_models_come_and_go(platform: Platform) -> None:
    sagemaker = platform.client("sagemaker", account="111111111111")
    names = [f"page-{number}" for number in range(5)]
    for name in names:
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=CONTAINER)
    order = {"SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2}
    first = sagemaker.list_models(**order)
    sagemaker.delete_model(ModelName="page-0")
    second = sagemaker.list_models(**order, NextToken=first["NextToken"])
    third = sagemaker.list_models(**order, NextToken=second["NextToken"])
    assert [one["ModelName"] for answer in (first, second, third) for one in answer["Models"]] == names
    assert "NextToken" not in third


def test_models_are_filtered_and_sorted(platform: Platform) -> None:
    sagemaker = platform.client("sagemaker", account="222222222222")
    for name in ("alpha", "beta", "alphabet"):
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=CONTAINER)
    newest_first = [one["ModelName"] for one in sagemaker.list_models()["Models"]]
    assert newest_first == ["alphabet", "beta", "alpha"]
    found = sagemaker.list_models(NameContains="ALPHA", SortBy="Name", SortOrder="Ascending")
    assert [one["ModelName"] for one in found["Models"]] == ["alpha", "alphabet"]


def test_accounts_and_regions_do_not_see_each_other(platform: Platform) -> None:
    platform.sagemaker.create_model(ModelName="mine", ExecutionRoleArn=ROLE, PrimaryContainer=CONTAINER)
    for other in (
        platform.client("sagemaker", account="333333333333"),
        platform.client("sagemaker", region="eu-west-1"),
    ):
        with pytest.raises(ClientError, match="Could not find model"):
            other.describe_model(ModelName="mine")


def test_invalid_next_token_is_refused(platform: Platform) -> None:
    for token in ("nonsense", "W10="):
        with pytest.raises(ClientError, match="Invalid NextToken"):
            platform.sagemaker.list_models(NextToken=token)


def test_tags_are_added_replaced_and_deleted(platform: Platform) -> None:
    sagemaker = platform.sagemaker
    arn = sagemaker.create_model(
        ModelName="Tagged", ExecutionRoleArn=ROLE, PrimaryContainer=CONTAINER, Tags=[{"Key": "team", "Value": "a"}]
    )["ModelArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}, {"Key": "stage", "Value": "test"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["stage", "absent"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "b"}]


def test_endpoint_config_names_models_that_are_there(platform: Platform) -> None:
    variant = {"VariantName": "v", "ModelName": "absent", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    with pytest.raises(ClientError) as caught:
        platform.sagemaker.create_endpoint_config(EndpointConfigName="config", ProductionVariants=[variant])
    assert fault(caught) == ("ValidationException", f'Could not find model "{ARN}:model/absent".')


def test_endpoint_config_lives_and_is_listed(platform: Platform) -> None:
    sagemaker = platform.sagemaker
    platform.make_config("config-life")
    described = sagemaker.describe_endpoint_config(EndpointConfigName="config-life")
    assert described["ProductionVariants"][0]["InitialVariantWeight"] == 1.0
    listed = sagemaker.list_endpoint_configs(NameContains="config-life")["EndpointConfigs"]
    assert [one["EndpointConfigArn"] for one in listed] == [f"{ARN}:endpoint-config/config-life"]
    sagemaker.delete_endpoint_config(EndpointConfigName="config-life")
    with pytest.raises(ClientError) as caught:
        sagemaker.describe_endpoint_config(EndpointConfigName="config-life")
    expected = f'Could not find endpoint configuration "{ARN}:endpoint-config/config-life".'
    assert fault(caught) == ("ValidationException", expected)


def test_moto_answers_what_nobody_here_owns(platform: Platform) -> None:
    platform.sagemaker.create_experiment(ExperimentName="experiment")
    names = [one["ExperimentName"] for one in platform.sagemaker.list_experiments()["ExperimentSummaries"]]
    assert names == ["experiment"]


def test_metrics_of_trial_components_reach_their_own_api(platform: Platform) -> None:
    platform.sagemaker.create_trial_component(TrialComponentName="trial")
    value = {"MetricName": "loss", "Timestamp": 1_700_000_000, "Step": 1, "Value": 0.5}
    answer = platform.client("sagemaker-metrics").batch_put_metrics(TrialComponentName="trial", MetricData=[value])
    assert not answer.get("Errors")
