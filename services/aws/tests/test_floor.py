"""What moto answers, and what nobody does, comes as AWS would have it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from minimal_request import minimal

SERVICES = (
    "application-autoscaling", "codebuild", "codepipeline", "ecr", "ecs", "eks", "sagemaker", "sagemaker-metrics",
)  # fmt: skip
ONE, OTHER = "111111111111", "222222222222"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    """The code of an error."""
    return error.value.response["Error"]["Code"]


def operations() -> list[Any]:
    """Every operation: what makes things first, what deletes them last."""

    def turn(name: str) -> int:
        if name.startswith(("Create", "Register", "Put", "Start")):
            return 0
        return 2 if name.startswith(("Delete", "Deregister", "Stop")) else 1

    session, found = botocore.session.get_session(), []
    for service in SERVICES:
        names: list[str] = sorted(session.get_service_model(service).operation_names, key=turn)
        found += [pytest.param(service, name, id=f"{service}-{name}") for name in names]
    return found


@pytest.mark.parametrize(("service", "operation"), operations())
def test_every_operation_is_answered_as_aws_would(platform, service, operation):
    client = platform.client(service, account="333333333333")
    try:
        client._make_api_call(operation, minimal(client.meta.service_model.operation_model(operation)))
    except ClientError as error:
        answer = error.response["Error"]
        assert answer["Code"][:1].isalpha(), answer
        assert answer["Code"] not in ("InternalError", "InternalFailure"), answer
        assert answer["Message"], answer
        assert not answer["Message"].startswith("<"), answer
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404, 409, 501), error.response


def test_ecs_keeps_a_cluster_of_one_account(platform):
    one, other = platform.client("ecs", ONE), platform.client("ecs", OTHER)
    arn = one.create_cluster(clusterName="lab")["cluster"]["clusterArn"]
    assert one.describe_clusters(clusters=["lab"])["clusters"][0]["status"] == "ACTIVE"
    assert one.list_clusters()["clusterArns"] == [arn]
    assert other.list_clusters()["clusterArns"] == []
    one.delete_cluster(cluster="lab")
    assert one.describe_clusters(clusters=["lab"])["clusters"][0]["status"] == "INACTIVE"


def test_ecr_keeps_a_repository_of_one_account(platform):
    one, other = platform.client("ecr", ONE), platform.client("ecr", OTHER)
    one.create_repository(repositoryName="lab")
    assert one.describe_repositories(repositoryNames=["lab"])["repositories"][0]["registryId"] == ONE
    assert len(one.describe_repositories()["repositories"]) == 1
    assert other.describe_repositories()["repositories"] == []
    one.delete_repository(repositoryName="lab")
    with pytest.raises(one.exceptions.RepositoryNotFoundException):
        one.describe_repositories(repositoryNames=["lab"])


def test_eks_keeps_a_cluster_of_one_account(platform):
    one, other = platform.client("eks", ONE), platform.client("eks", OTHER)
    one.create_cluster(name="lab", roleArn=f"arn:aws:iam::{ONE}:role/eks", resourcesVpcConfig={})
    assert one.describe_cluster(name="lab")["cluster"]["status"] == "ACTIVE"
    assert one.list_clusters()["clusters"] == ["lab"]
    assert other.list_clusters()["clusters"] == []
    with pytest.raises(one.exceptions.ResourceInUseException):
        one.create_cluster(name="lab", roleArn=f"arn:aws:iam::{ONE}:role/eks", resourcesVpcConfig={})
    one.delete_cluster(name="lab")
    with pytest.raises(one.exceptions.ResourceNotFoundException):
        one.describe_cluster(name="lab")


def test_codebuild_keeps_a_project_of_one_account(platform):
    one, other = platform.client("codebuild", ONE), platform.client("codebuild", OTHER)
    one.create_project(
        name="lab-project",
        source={"type": "S3", "location": "bucket/source.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "image", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=f"arn:aws:iam::{ONE}:role/service-role/codebuild",
    )
    assert one.batch_get_projects(names=["lab-project"])["projects"][0]["name"] == "lab-project"
    assert one.list_projects()["projects"] == ["lab-project"]
    assert other.list_projects()["projects"] == []
    one.delete_project(name="lab-project")
    assert one.list_projects()["projects"] == []


def test_codepipeline_keeps_a_pipeline_of_one_account(platform):
    one, other = platform.client("codepipeline", ONE), platform.client("codepipeline", OTHER)
    trust = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"Service": "codepipeline.amazonaws.com"}}]}
    role = platform.client("iam", ONE).create_role(RoleName="pipeline", AssumeRolePolicyDocument=json.dumps(trust))
    action = {
        "name": "Source",
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
        "configuration": {"S3Bucket": "bucket", "S3ObjectKey": "key"},
        "outputArtifacts": [{"name": "out"}],
    }
    approval = {
        "name": "Approve",
        "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"},
    }
    one.create_pipeline(
        pipeline={
            "name": "lab",
            "roleArn": role["Role"]["Arn"],
            "artifactStore": {"type": "S3", "location": "bucket"},
            "stages": [{"name": "Source", "actions": [action]}, {"name": "Approve", "actions": [approval]}],
        }
    )
    assert one.get_pipeline(name="lab")["pipeline"]["name"] == "lab"
    assert [each["name"] for each in one.list_pipelines()["pipelines"]] == ["lab"]
    assert other.list_pipelines()["pipelines"] == []
    one.delete_pipeline(name="lab")
    with pytest.raises(one.exceptions.PipelineNotFoundException):
        one.get_pipeline(name="lab")


def test_application_autoscaling_keeps_a_target_of_one_account(platform):
    one, other = (platform.client("application-autoscaling", account) for account in (ONE, OTHER))
    target = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/lab",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    one.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)
    found = one.describe_scalable_targets(ServiceNamespace="dynamodb", ResourceIds=["table/lab"])["ScalableTargets"]
    assert [each["MaxCapacity"] for each in found] == [3]
    assert other.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"] == []
    one.deregister_scalable_target(**target)
    assert one.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"] == []


def test_a_scalable_target_has_the_tags_that_it_was_given(platform):
    client = platform.client("application-autoscaling", ONE)
    target = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/tagged",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    given = {"MinCapacity": 1, "MaxCapacity": 3, "Tags": {"team": "ml", "stage": "lab"}}
    arn = client.register_scalable_target(**target, **given)["ScalableTargetARN"]
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == given["Tags"]
    client.tag_resource(ResourceARN=arn, Tags={"team": "ops", "cost": "7"})
    client.untag_resource(ResourceARN=arn, TagKeys=["stage", "never"])
    client.register_scalable_target(**target, MaxCapacity=4)
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "ops", "cost": "7"}
    client.deregister_scalable_target(**target)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.list_tags_for_resource(ResourceARN=arn)


def test_sagemaker_keeps_an_experiment_of_one_account(platform):
    one, other = platform.client("sagemaker", ONE), platform.client("sagemaker", OTHER)
    one.create_experiment(ExperimentName="lab")
    assert one.describe_experiment(ExperimentName="lab")["ExperimentArn"].split(":")[4] == ONE
    assert [each["ExperimentName"] for each in one.list_experiments()["ExperimentSummaries"]] == ["lab"]
    assert other.list_experiments()["ExperimentSummaries"] == []
    one.delete_experiment(ExperimentName="lab")
    with pytest.raises(one.exceptions.ResourceNotFound):
        one.describe_experiment(ExperimentName="lab")


def test_sagemaker_metrics_puts_metrics_into_a_trial_component_of_one_account(platform):
    metric = {"MetricName": "loss", "Timestamp": 1_767_225_600, "Step": 1, "Value": 0.5}
    for account in (ONE, OTHER):
        platform.client("sagemaker", account).create_trial_component(TrialComponentName="lab")
    put = platform.client("sagemaker-metrics", ONE).batch_put_metrics(TrialComponentName="lab", MetricData=[metric])
    assert put.get("Errors", []) == []
    described = platform.client("sagemaker", ONE).describe_trial_component(TrialComponentName="lab")
    assert [each["MetricName"] for each in described["Metrics"]] == ["loss"]
    assert (
        platform.client("sagemaker", OTHER).describe_trial_component(TrialComponentName="lab").get("Metrics", []) == []
    )
    platform.client("sagemaker", ONE).delete_trial_component(TrialComponentName="lab")


def test_what_nobody_emulates_says_that_it_is_a_limit_of_the_emulation(platform):
    client = platform.client("sagemaker", ONE)
    with pytest.raises(ClientError, match="A limit of this emulation, not of AWS") as caught:
        client.describe_inference_recommendations_job(JobName="lab")
    assert code_of(caught) == "UnknownOperationException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize("service", ["rds", "comprehend"])
def test_a_service_that_localstack_lacks_is_refused_in_the_same_way(platform, service):
    calls = {"rds": "DescribeDBInstances", "comprehend": "ListEndpoints"}
    with pytest.raises(ClientError, match="A limit of this emulation") as caught:
        platform.client(service, ONE)._make_api_call(calls[service], {})
    assert code_of(caught) == "UnknownOperationException"


def call_ecs(platform: Any, operation: str, body: bytes) -> tuple[int, dict[str, str]]:
    """Status and body of ECS's answer to a request that botocore would not make."""
    request = urllib.request.Request(
        platform.edge_url,
        data=body,
        headers={
            "X-Amz-Target": f"AmazonEC2ContainerServiceV20141113.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={ONE}/20260101/us-east-1/ecs/aws4_request, Signature=0",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    return caught.value.code, json.load(caught.value)


def test_an_operation_newer_than_the_service_model_is_refused_in_the_same_way(platform):
    status, answer = call_ecs(platform, "CreateStarship", b"{}")
    assert (status, answer["__type"]) == (501, "UnknownOperationException")
    assert answer["message"].startswith("CreateStarship of ecs is not emulated.")


def test_a_body_that_is_no_json_is_the_senders_fault(platform):
    status, answer = call_ecs(platform, "CreateCluster", b"{")
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_a_request_that_moto_would_let_pass_is_checked_against_sagemakers_model(platform):
    client = platform.client("sagemaker", ONE)
    with pytest.raises(ClientError, match=r"experimentName.*regular expression") as caught:
        client.create_experiment(ExperimentName="not a name")
    assert code_of(caught) == "ValidationException"
    assert client.list_experiments()["ExperimentSummaries"] == []


def test_what_moto_fails_to_look_up_is_not_found(platform):
    client = platform.client("eks", ONE)
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Could not find nowhere"):
        client.list_nodegroups(clusterName="nowhere")


def test_a_request_that_moto_fails_at_is_logged_and_says_why(platform):
    with pytest.raises(ClientError, match=r"can't be answered for this request .*A limit of this emulation") as caught:
        platform.client("ecs", ONE).describe_capacity_providers()
    assert code_of(caught) == "ValidationException"
    assert "moto failed at DescribeCapacityProviders of ecs" in platform.log("edge")
