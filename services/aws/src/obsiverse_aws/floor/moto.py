"""moto's answer to a request, or an error of AWS's kind."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from botocore.model import OperationModel, ServiceModel
from localstack.aws.api import CommonServiceException, RequestContext, ServiceException, ServiceResponse
from localstack.aws.forwarder import dispatch_to_backend
from localstack.aws.skeleton import DispatchTable
from localstack.http import Response
from localstack.services.moto import dispatch_to_moto

from obsiverse_aws.floor.errors import OperationNotEmulated, RequestNotEmulated, from_answer, from_failure

LOG = logging.getLogger(__name__)

Check = Callable[[OperationModel, dict[str, Any]], None]


def ask_moto(context: RequestContext) -> ServiceResponse:
    """What moto answers.

    Raises ServiceException, whatever happens in moto.
    """
    operation = context.operation
    assert operation is not None
    service = operation.service_model.service_name
    try:
        return dispatch_to_backend(context, _dispatch)
    except CommonServiceException as error:
        raise from_answer(operation, error) from error
    except ServiceException:
        raise
    except NotImplementedError as error:
        LOG.info("%s of %s is not in moto: %s", operation.name, service, error)
        raise OperationNotEmulated(service, operation.name) from error
    except Exception as error:
        if (refusal := from_failure(operation, context.service_request, error)) is not None:
            raise refusal from error
        LOG.exception("moto failed at %s of %s", operation.name, service)
        raise RequestNotEmulated(operation, error) from error


def _dispatch(context: RequestContext) -> Response:
    response = dispatch_to_moto(context)
    # LocalStack hands botocore the headers as a plain dict, where it looks for the name of an error in lower case only.
    if (kind := response.headers.get("X-Amzn-ErrorType")) is not None:
        response.headers.remove("X-Amzn-ErrorType")
        response.headers["x-amzn-errortype"] = kind
    return response


def moto_table(model: ServiceModel, check: Check | None = None) -> DispatchTable:
    """Every operation of a service model, answered by moto.

    Args:
        check: raises what is wrong with a request, which moto then does not see.
    """

    def answer(context: RequestContext, request: Any) -> ServiceResponse:
        if check is not None:
            assert context.operation is not None
            check(context.operation, {name: value for name, value in (request or {}).items() if value is not None})
        return ask_moto(context)

    names: list[str] = model.operation_names  # pyright: ignore[reportAssignmentType] - botocore computes it
    return dict.fromkeys(names, answer)
