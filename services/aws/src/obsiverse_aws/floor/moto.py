"""moto's answer to a request, or an error of AWS's kind."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from botocore.model import OperationModel, ServiceModel
from localstack.aws.api import CommonServiceException, RequestContext, ServiceException, ServiceResponse
from localstack.aws.skeleton import DispatchTable
from localstack.services.moto import call_moto

from obsiverse_aws.floor.errors import OperationNotEmulated, RequestNotEmulated, translate

LOG = logging.getLogger(__name__)

Check = Callable[[OperationModel, dict[str, Any]], None]


def ask_moto(context: RequestContext) -> ServiceResponse:
    """What moto answers.

    Raises ServiceException, whatever happens in moto.
    """
    operation = context.operation
    assert operation is not None
    try:
        return call_moto(context)
    except CommonServiceException as error:
        raise translate(operation, error) from error
    except ServiceException:
        raise
    except NotImplementedError as error:
        LOG.info("%s of %s is not in moto: %s", operation.name, operation.service_model.service_name, error)
        raise OperationNotEmulated(operation) from error
    except Exception as error:
        LOG.exception("moto failed at %s of %s", operation.name, operation.service_model.service_name)
        raise RequestNotEmulated(operation, error) from error


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
