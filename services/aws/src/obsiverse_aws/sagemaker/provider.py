"""Which operation of SageMaker's API goes where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.core import ServiceRequestHandler
from localstack.aws.skeleton import DispatchTable, Skeleton
from localstack.aws.spec import load_service
from localstack.services.plugins import Service

from obsiverse_aws.floor.moto import ask_moto, moto_table
from obsiverse_aws.sagemaker.resources import Caller
from obsiverse_aws.sagemaker.service import SageMaker
from obsiverse_aws.sagemaker.tags import is_ours
from obsiverse_aws.sagemaker.validation import validate

Operation = Callable[[Caller, dict[str, Any]], dict[str, Any]]


def create_service(sagemaker: SageMaker) -> Service:
    """The service as LocalStack runs it."""
    jobs, models = sagemaker.training_jobs, sagemaker.models
    configs, endpoints, tags = sagemaker.endpoint_configs, sagemaker.endpoints, sagemaker.tags
    operations: dict[str, Operation] = {
        "CreateTrainingJob": jobs.create,
        "DescribeTrainingJob": jobs.describe,
        "ListTrainingJobs": jobs.list,
        "StopTrainingJob": jobs.stop,
        "DeleteTrainingJob": jobs.delete,
        "CreateModel": models.create,
        "DescribeModel": models.describe,
        "ListModels": models.list,
        "DeleteModel": models.delete,
        "CreateEndpointConfig": configs.create,
        "DescribeEndpointConfig": configs.describe,
        "ListEndpointConfigs": configs.list,
        "DeleteEndpointConfig": configs.delete,
        "CreateEndpoint": endpoints.create,
        "DescribeEndpoint": endpoints.describe,
        "ListEndpoints": endpoints.list,
        "UpdateEndpoint": endpoints.update,
        "UpdateEndpointWeightsAndCapacities": endpoints.update_weights_and_capacities,
        "DeleteEndpoint": endpoints.delete,
        "AddTags": tags.add,
        "ListTags": tags.list,
        "DeleteTags": tags.delete,
    }
    model = load_service("sagemaker")
    table: DispatchTable = moto_table(model, validate)
    table.update({name: _handler(operation) for name, operation in operations.items()})
    return Service(name="sagemaker", skeleton=Skeleton(model, table))


def _handler(operation: Operation) -> ServiceRequestHandler:
    def handle(context: RequestContext, request: Any) -> Any:
        arn = request.get("ResourceArn")
        if arn is not None and not is_ours(arn):
            return ask_moto(context)
        given = {name: value for name, value in request.items() if value is not None}
        assert context.operation is not None
        validate(context.operation, given)
        return operation(Caller(context.account_id, context.region), given)

    return handle
