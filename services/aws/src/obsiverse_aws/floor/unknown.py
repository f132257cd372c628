"""Operations that LocalStack does not know or not have, answered as the floor answers them.

LocalStack says InternalError with 500 to those that its service models are too old for, which clients retry, and to
those that it lacks that they come with a licence.
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.protocol.serializer import create_serializer

from obsiverse_aws.floor.errors import OperationNotEmulated


def answer_unknown(chain: object, context: RequestContext, response: Any) -> None:
    """Replace LocalStack's answer where it has none: a handler of responses."""
    # Any: botocore computes a service model's attributes in a way that no type checker follows.
    service: Any = context.service
    said = context.service_exception
    if service is None or not isinstance(said, CommonServiceException):
        return
    error = _instead(service, context, said)
    if error is None:
        return
    # Any operation of the service lends the protocol's form to an error that belongs to none.
    operation = context.operation or service.operation_model(service.operation_names[0])
    serializer: Any = create_serializer(service, context.protocol)
    context.service_exception = error
    response.update_from(
        serializer.serialize_error_to_response(error, operation, context.request.headers, context.request_id)
    )


def _instead(service: Any, context: RequestContext, said: CommonServiceException) -> CommonServiceException | None:
    if context.operation is not None:
        lacking = said.code == "InternalFailure" and said.status_code == 501
        return OperationNotEmulated(service.service_name, context.operation.name) if lacking else None
    if said.code != "InternalError":
        return None
    target = context.request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    if target in service.operation_names:
        return CommonServiceException("SerializationException", "The request can't be read.", 400, sender_fault=True)
    return OperationNotEmulated(service.service_name, target or f"{context.request.method} {context.request.path}")
