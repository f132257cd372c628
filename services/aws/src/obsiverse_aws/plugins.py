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


@hooks.on_infra_start(priority=1000)
def know_newer_members() -> None:
    """Before anything reads the service model."""
    from obsiverse_aws.sagemaker.newer_model import add_newer_members

    add_newer_members()


@hooks.on_infra_start()
def make_ready() -> None:
    """Open what our providers need before the first request; LocalStack does not start where that fails."""
    from localstack.services.edge import ROUTER

    from obsiverse_aws.sagemaker.service import sagemaker as parts
    from obsiverse_aws.state.reset import on_reset

    parts().controller.prepare()
    on_reset(parts().controller.forget)
    parts().accounts.add_routes(ROUTER)
    parts().multi_model.add_routes(ROUTER)


@hooks.on_infra_start()
def forward_sagemaker_runtime() -> None:
    """Pass SageMaker Runtime's requests on to the data plane, before LocalStack changes what was signed."""
    from localstack.services.edge import ROUTER

    from obsiverse_aws.forwarder import Forwarder
    from obsiverse_aws.settings import settings

    # Every operation's path: invocations, and what else the data plane may have.
    path = "/endpoints/<endpoint>/<operation>"
    ROUTER.add(path, Forwarder(settings().endpoints, "sagemaker", "SageMaker endpoints"), methods=["POST"])


@hooks.on_infra_ready()
def take_over() -> None:
    """Take over the tasks of an earlier edge; after the start, since it takes S3 and CloudWatch to do so."""
    from obsiverse_aws.sagemaker.service import sagemaker as parts

    parts().controller.start()
    parts().utilization.start()


@hooks.on_infra_shutdown(priority=100)
def let_go() -> None:
    """Leave the tasks to the next edge."""
    from obsiverse_aws.sagemaker.service import sagemaker as parts

    parts().utilization.close()
    parts().controller.close()
