"""What LocalStack finds by entry points: our providers, and what happens at its start and end."""

from __future__ import annotations

from localstack.runtime import hooks
from localstack.services.plugins import Service, aws_provider


@aws_provider(api="sagemaker")
def sagemaker() -> Service:
    """SageMaker."""
    from obsiverse_aws.sagemaker.provider import create_service
    from obsiverse_aws.sagemaker.service import sagemaker as parts

    return create_service(parts())


@aws_provider(api="sagemaker-metrics")
def sagemaker_metrics() -> Service:
    """SageMaker Metrics: moto's."""
    from localstack.aws.skeleton import Skeleton
    from localstack.aws.spec import load_service

    from obsiverse_aws.moto import moto_table

    model = load_service("sagemaker-metrics")
    return Service(name="sagemaker-metrics", skeleton=Skeleton(model, moto_table(model)))


@hooks.on_infra_start()
def make_ready() -> None:
    """Open what our providers need before the first request; LocalStack does not start where that fails."""
    from obsiverse_aws.sagemaker.service import sagemaker as parts

    parts().controller.prepare()


@hooks.on_infra_start()
def route_sagemaker_metrics() -> None:
    """Tell SageMaker Metrics from SageMaker, with which it shares a signing name, by its path."""
    from localstack.aws.protocol.service_router import signing_name_path_prefix_rules
    from localstack.aws.spec import ServiceModelIdentifier

    signing_name_path_prefix_rules["sagemaker"]["/BatchPutMetrics"] = ServiceModelIdentifier("sagemaker-metrics")


@hooks.on_infra_start()
def forward_sagemaker_runtime() -> None:
    """Pass SageMaker Runtime's requests on to the data plane, before LocalStack changes what was signed."""
    from localstack.services.edge import ROUTER

    from obsiverse_aws.sagemaker_runtime.forwarder import PATH, Forwarder
    from obsiverse_aws.settings import settings

    ROUTER.add(PATH, Forwarder(settings().endpoints), methods=["POST"])


@hooks.on_infra_ready()
def take_over() -> None:
    """Take over the tasks of an earlier edge; after the start, since it takes S3 and CloudWatch to do so."""
    from obsiverse_aws.sagemaker.service import sagemaker as parts

    parts().controller.start()


@hooks.on_infra_shutdown(priority=100)
def let_go() -> None:
    """Leave the tasks to the next edge."""
    from obsiverse_aws.sagemaker.service import sagemaker as parts

    parts().controller.close()
