"""The services that are moto's throughout, as LocalStack finds them by entry points."""

from __future__ import annotations

from localstack.runtime import hooks
from localstack.services.plugins import Service, aws_provider


def moto_service(api: str) -> Service:
    """A service that moto answers throughout."""
    from localstack.aws.skeleton import Skeleton
    from localstack.aws.spec import load_service

    from obsiverse_aws.floor.moto import moto_table

    model = load_service(api)
    return Service(name=api, skeleton=Skeleton(model, moto_table(model)))


@aws_provider(api="application-autoscaling")
def application_autoscaling() -> Service:
    """Application Auto Scaling."""
    from localstack.aws.skeleton import Skeleton
    from localstack.aws.spec import load_service

    from obsiverse_aws.floor.moto import moto_table
    from obsiverse_aws.floor.scaling_tags import with_tags

    model = load_service("application-autoscaling")
    return Service(name="application-autoscaling", skeleton=Skeleton(model, with_tags(moto_table(model))))


@aws_provider(api="codebuild")
def codebuild() -> Service:
    """CodeBuild."""
    return moto_service("codebuild")


@aws_provider(api="codepipeline")
def codepipeline() -> Service:
    """CodePipeline."""
    return moto_service("codepipeline")


@aws_provider(api="ecr")
def ecr() -> Service:
    """ECR."""
    return moto_service("ecr")


@aws_provider(api="ecs")
def ecs() -> Service:
    """ECS."""
    return moto_service("ecs")


@aws_provider(api="eks")
def eks() -> Service:
    """EKS."""
    return moto_service("eks")


@aws_provider(api="sagemaker-metrics")
def sagemaker_metrics() -> Service:
    """SageMaker Metrics."""
    return moto_service("sagemaker-metrics")


@hooks.on_infra_start()
def route_sagemaker_metrics() -> None:
    """Tell SageMaker Metrics from SageMaker, with which it shares a signing name, by its path."""
    from localstack.aws.protocol.service_router import signing_name_path_prefix_rules
    from localstack.aws.spec import ServiceModelIdentifier

    for path in ("/BatchPutMetrics", "/BatchGetMetrics"):
        signing_name_path_prefix_rules["sagemaker"][path] = ServiceModelIdentifier("sagemaker-metrics")


@hooks.on_infra_start()
def answer_unknown_operations() -> None:
    """Say of whatever LocalStack lacks what the floor says of what moto lacks."""
    from localstack.aws.handlers import run_custom_response_handlers

    from obsiverse_aws.floor.unknown import answer_unknown

    run_custom_response_handlers.append(answer_unknown)
