"""Endpoints, their instances and InvokeEndpoint through the edge."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from platform_under_test import ACCOUNT, IMAGE, REGION, Platform, model_archive, wait_for

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint"


def instances(platform: Platform, name: str) -> list[str]:
    """The tasks of an endpoint."""
    return [one["id"] for one in platform.agent.tasks({"obsiverse.resource": "endpoint", "obsiverse.name": name})]


def test_endpoint_answers_until_it_is_deleted(platform: Platform) -> None:
    platform.make_config("life", Environment={"SAGEMAKER_PROGRAM": "inference.py"})
    created = platform.sagemaker.create_endpoint(EndpointName="life", EndpointConfigName="life")
    assert created["EndpointArn"] == f"{ARN}/life"
    platform.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="life", WaiterConfig={"Delay": 1})

    answer = platform.invoke("life", b"42")
    assert (answer["body"], answer["model"]) == ("42", {"name": "life"})
    environment = answer["env"]
    assert environment["SAGEMAKER_PROGRAM"] == "inference.py"
    assert environment["AWS_ENDPOINT_URL"] == platform.edge_url
    assert (environment["AWS_ACCESS_KEY_ID"], environment["AWS_REGION"]) == (ACCOUNT, REGION)
    attributes = environment["OTEL_RESOURCE_ATTRIBUTES"]
    assert "aws.sagemaker.endpoint.name=life,aws.sagemaker.variant.name=AllTraffic" in attributes
    assert "service.version=life,host.type=ml.m5.large" in attributes

    [variant] = platform.sagemaker.describe_endpoint(EndpointName="life")["ProductionVariants"]
    assert (variant["CurrentWeight"], variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1.0, 1, 1)
    [task] = instances(platform, "life")
    instance = task.removeprefix("life-AllTraffic-")
    wait_for(
        lambda: "invoked with 42" in platform.log_lines("/aws/sagemaker/Endpoints/life", f"AllTraffic/{instance}"),
        "its log is in CloudWatch Logs",
    )

    platform.sagemaker.delete_endpoint(EndpointName="life")
    platform.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="life", WaiterConfig={"Delay": 1})
    assert not instances(platform, "life")
    with pytest.raises(ClientError, match="Endpoint life of account 000000000000 not found"):
        platform.invoke("life")
    with pytest.raises(ClientError) as caught:
        platform.sagemaker.delete_endpoint(EndpointName="life")
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ValidationException", f'Could not find endpoint "{ARN}/life".')


def test_errors_of_the_model_pass_as_they_are(platform: Platform) -> None:
    platform.deploy("errors")
    with pytest.raises(platform.runtime.exceptions.ModelError) as caught:
        platform.invoke("errors", b"fail")
    assert caught.value.response["OriginalStatusCode"] == 500
    assert caught.value.response["OriginalMessage"] == "the model failed"


def test_endpoint_fails_with_the_last_words_of_its_container(platform: Platform) -> None:
    platform.make_config("crashes", archive=model_archive(crash="no weights in the model"))
    platform.sagemaker.create_endpoint(EndpointName="crashes", EndpointConfigName="crashes")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        platform.sagemaker.delete_endpoint(EndpointName="crashes")
    reason = platform.wait_for_endpoint("crashes", "Failed")["FailureReason"]
    assert "production variant AllTraffic did not pass the ping health check" in reason
    assert "no weights in the model" in reason
    wait_for(lambda: not instances(platform, "crashes"), "its tasks are gone")
    platform.sagemaker.delete_endpoint(EndpointName="crashes")
    platform.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="crashes", WaiterConfig={"Delay": 1})


@pytest.mark.parametrize(
    ("name", "container", "archive", "reason"),
    [
        ("no-data", {"ModelDataUrl": "s3://models/absent.tar.gz"}, None, "Failed to download model data"),
        ("no-tar", {}, b"not a tar", "Failed to extract model data archive"),
        ("no-image", {"Image": "elsewhere.example/unknown:1"}, None, "Cannot find repository: unknown"),
    ],
)
def test_endpoint_fails_where_its_container_can_not_be_made(
    platform: Platform, name: str, container: dict[str, str], archive: bytes | None, reason: str
) -> None:
    platform.make_config(name, archive=archive, **container)
    platform.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    assert reason in platform.wait_for_endpoint(name, "Failed")["FailureReason"]


def test_instance_that_dies_comes_back(platform: Platform) -> None:
    platform.deploy("phoenix")
    before = platform.invoke("phoenix")["pid"]
    with pytest.raises(ClientError):
        platform.invoke("phoenix", b"die")

    def other_pid() -> bool:
        try:
            return platform.invoke("phoenix")["pid"] != before
        except ClientError:
            return False

    wait_for(other_pid, "it answers again")
    assert platform.sagemaker.describe_endpoint(EndpointName="phoenix")["EndpointStatus"] == "InService"


def test_update_replaces_the_model_all_at_once(platform: Platform) -> None:
    platform.deploy("updated")
    [before] = instances(platform, "updated")
    platform.make_config("second")
    platform.sagemaker.update_endpoint(EndpointName="updated", EndpointConfigName="second")
    assert platform.invoke("updated")["model"]["name"] in ("updated", "second")
    described = platform.wait_for_endpoint("updated", "InService")
    assert described["EndpointConfigName"] == "second"
    assert platform.invoke("updated")["model"] == {"name": "second"}
    wait_for(lambda: len(instances(platform, "updated")) == 1, "the old instance is gone")
    assert instances(platform, "updated") != [before]


def test_failed_update_leaves_the_old_model_in_service(platform: Platform) -> None:
    platform.deploy("kept")
    platform.make_config("bad", archive=model_archive(crash="bad weights"))
    platform.sagemaker.update_endpoint(EndpointName="kept", EndpointConfigName="bad")
    described = platform.wait_for_endpoint("kept", "InService")
    assert "bad weights" in described["FailureReason"]
    assert described["EndpointConfigName"] == "kept"
    assert platform.invoke("kept")["model"] == {"name": "kept"}


def test_capacity_grows_and_shrinks_without_touching_what_stays(platform: Platform) -> None:
    platform.deploy("scaled")
    [first] = instances(platform, "scaled")
    for count, weight in ((2, 0.5), (1, 2.0)):
        platform.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="scaled",
            DesiredWeightsAndCapacities=[
                {"VariantName": "AllTraffic", "DesiredWeight": weight, "DesiredInstanceCount": count}
            ],
        )
        [variant] = platform.wait_for_endpoint("scaled", "InService")["ProductionVariants"]
        assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (count, weight)
        wait_for(lambda count=count: len(instances(platform, "scaled")) == count, f"{count} tasks")
        assert first in instances(platform, "scaled")
    with pytest.raises(ClientError, match="not present within endpoint configuration"):
        platform.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="scaled", DesiredWeightsAndCapacities=[{"VariantName": "other", "DesiredWeight": 1.0}]
        )


def test_endpoints_of_two_accounts_share_a_name(platform: Platform) -> None:
    platform.deploy("shared")
    other = platform.client("sagemaker-runtime", account="444444444444")
    with pytest.raises(ClientError, match="Endpoint shared of account 444444444444 not found"):
        other.invoke_endpoint(EndpointName="shared", Body=b"")


def test_endpoint_needs_a_configuration_that_is_there(platform: Platform) -> None:
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        platform.sagemaker.create_endpoint(EndpointName="none", EndpointConfigName="absent")
    with pytest.raises(ClientError, match="Could not find endpoint "):
        platform.sagemaker.describe_endpoint(EndpointName="none")


def test_images_of_aws_run_as_the_model_task(platform: Platform) -> None:
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6-cpu-py312"
    platform.deploy("aws-image", Image=image)
    [variant] = platform.sagemaker.describe_endpoint(EndpointName="aws-image")["ProductionVariants"]
    assert variant["DeployedImages"][0]["SpecifiedImage"] == image != IMAGE
    assert platform.invoke("aws-image")["model"] == {"name": "aws-image"}
