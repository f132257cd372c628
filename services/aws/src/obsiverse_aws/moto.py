"""moto as the floor: it answers the operations that nobody here owns."""

from __future__ import annotations

from botocore.model import ServiceModel
from localstack.aws.api import RequestContext, ServiceRequest, ServiceResponse
from localstack.aws.skeleton import DispatchTable
from localstack.services.moto import call_moto


def moto_table(model: ServiceModel) -> DispatchTable:
    """Every operation of a service model, answered by moto."""

    def proxy(context: RequestContext, request: ServiceRequest) -> ServiceResponse:
        return call_moto(context)

    names: list[str] = model.operation_names  # pyright: ignore[reportAssignmentType] - botocore computes it
    return dict.fromkeys(names, proxy)
