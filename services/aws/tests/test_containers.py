"""What an endpoint's instances are made of: containers in a row, one of several, many models, shadows, model packages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from platform_under_test import IMAGE, ROLE, Platform, model_archive, wait_for


def model(platform: Platform, name: str) -> dict[str, Any]:
    """A container with a model of its own."""
    uri = platform.upload("models", f"{name}/model.tar.gz", model_archive(name=name))
    return {"Image": IMAGE, "ModelDataUrl": uri, "ContainerHostname": name}


def deploy(platform: Platform, name: str, *, variant: dict[str, Any] | None = None, **definition: Any) -> None:
    """An endpoint over a model of this definition."""
    platform.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, **definition)
    one = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    platform.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[{**one, **(variant or {})}])
    platform.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    platform.wait_for_endpoint(name, "InService")


def test_containers_in_a_row_are_tasks_of_one_instance(platform: Platform) -> None:
    deploy(platform, "row", Containers=[model(platform, "row-first"), model(platform, "row-second")])
    answer = platform.invoke("row", b"raw")
    assert answer["model"] == {"name": "row-second"}
    assert json.loads(answer["body"])["model"] == {"name": "row-first"}
    tasks = [one["id"] for one in platform.agent.tasks({"obsiverse.name": "row"})]
    assert sorted(one.rsplit("-", 2)[-1] for one in tasks) == ["first", "second"]
    [variant] = platform.sagemaker.describe_endpoint(EndpointName="row")["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], len(variant["DeployedImages"])) == (1, 2)


def test_containers_are_invoked_directly(platform: Platform) -> None:
    containers = [model(platform, "one-of"), model(platform, "other-of")]
    deploy(platform, "directly", Containers=containers, InferenceExecutionConfig={"Mode": "Direct"})
    for name in ("one-of", "other-of"):
        assert platform.invoke("directly", TargetContainerHostname=name)["model"] == {"name": name}


def test_models_are_brought_to_a_multi_model_container_when_asked_for(platform: Platform) -> None:
    for name in ("a", "b"):
        platform.upload("models", f"many/{name}.tar.gz", model_archive(name=name))
    deploy(
        platform,
        "many",
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": "s3://models/many/", "Mode": "MultiModel"},
    )
    for name in ("a", "b", "a"):
        assert platform.invoke("many", TargetModel=f"{name}.tar.gz")["model"] == {"name": name}
    with pytest.raises(ClientError, match="Failed to download model data") as caught:
        platform.invoke("many", TargetModel="absent.tar.gz")
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_model_data_may_be_the_files_under_a_prefix(platform: Platform) -> None:
    platform.upload("models", "loose/model.json", json.dumps({"name": "loose"}).encode())
    source = {"S3DataSource": {"S3Uri": "s3://models/loose/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    deploy(platform, "loose", PrimaryContainer={"Image": IMAGE, "ModelDataSource": source})
    assert platform.invoke("loose")["model"] == {"name": "loose"}


def test_a_model_package_is_deployed(platform: Platform) -> None:
    container = model(platform, "packaged")
    package = platform.sagemaker.create_model_package(
        ModelPackageName="packaged",
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": container["Image"], "ModelDataUrl": container["ModelDataUrl"]}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    deploy(platform, "packaged", PrimaryContainer={"ModelPackageName": package, "Environment": {"MORE": "yes"}})
    answer = platform.invoke("packaged")
    assert (answer["model"], answer["env"]["MORE"]) == ({"name": "packaged"}, "yes")


def test_a_shadow_variant_sees_the_requests_and_its_metrics_are_its_own(platform: Platform) -> None:
    for name in ("front", "shade"):
        container = model(platform, name)
        platform.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    shape = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "InitialVariantWeight": 1}
    platform.sagemaker.create_endpoint_config(
        EndpointConfigName="shadowed",
        ProductionVariants=[{"VariantName": "Front", "ModelName": "front", **shape}],
        ShadowProductionVariants=[{"VariantName": "Shade", "ModelName": "shade", **shape}],
    )
    platform.sagemaker.create_endpoint(EndpointName="shadowed", EndpointConfigName="shadowed")
    described = platform.wait_for_endpoint("shadowed", "InService")
    assert [one["VariantName"] for one in described["ShadowProductionVariants"]] == ["Shade"]
    for _ in range(3):
        assert platform.invoke("shadowed")["model"] == {"name": "front"}
    for variant in ("Front", "Shade"):
        wait_for(
            lambda variant=variant: platform.metric("shadowed", variant, "Invocations") == 3, f"{variant} is counted"
        )


def test_variants_of_no_weight_at_all_are_refused(platform: Platform) -> None:
    platform.make_config("weightless")
    variant = {"ModelName": "weightless", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    with pytest.raises(ClientError, match="must be greater than 0"):
        platform.sagemaker.create_endpoint_config(
            EndpointConfigName="none",
            ProductionVariants=[{"VariantName": name, "InitialVariantWeight": 0, **variant} for name in "ab"],
        )


def test_a_model_that_closes_the_connection_is_a_model_error(platform: Platform) -> None:
    platform.deploy("closing")
    with pytest.raises(platform.runtime.exceptions.ModelError) as caught:
        platform.invoke("closing", b"close")
    assert caught.value.response["OriginalStatusCode"] == 0
    assert platform.invoke("closing", b"fine")["body"] == "fine"
