"""Which operation of Managed Prometheus's API goes where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.core import ServiceRequestHandler
from localstack.aws.skeleton import DispatchTable, Skeleton
from localstack.aws.spec import load_service
from localstack.services.plugins import Service

from obsiverse_aws import errors
from obsiverse_aws.amp.errors import ValidationException
from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.amp.service import Amp
from obsiverse_aws.amp.tags import is_ours
from obsiverse_aws.floor.moto import ask_moto, moto_table
from obsiverse_aws.sagemaker.validation import validate

Operation = Callable[[Caller, dict[str, Any]], dict[str, Any]]


def create_service(amp: Amp) -> Service:
    """The service as LocalStack runs it."""
    workspaces, namespaces, tags = amp.workspaces, amp.rule_groups_namespaces, amp.tags
    definitions, logging = amp.alert_manager_definitions, amp.logging_configurations
    operations: dict[str, Operation] = {
        "CreateWorkspace": workspaces.create,
        "DescribeWorkspace": workspaces.describe,
        "ListWorkspaces": workspaces.list,
        "UpdateWorkspaceAlias": workspaces.update_alias,
        "DeleteWorkspace": workspaces.delete,
        "CreateRuleGroupsNamespace": namespaces.create,
        "PutRuleGroupsNamespace": namespaces.put,
        "DescribeRuleGroupsNamespace": namespaces.describe,
        "ListRuleGroupsNamespaces": namespaces.list,
        "DeleteRuleGroupsNamespace": namespaces.delete,
        "CreateAlertManagerDefinition": definitions.create,
        "PutAlertManagerDefinition": definitions.put,
        "DescribeAlertManagerDefinition": definitions.describe,
        "DeleteAlertManagerDefinition": definitions.delete,
        "CreateLoggingConfiguration": logging.create,
        "UpdateLoggingConfiguration": logging.update,
        "DescribeLoggingConfiguration": logging.describe,
        "DeleteLoggingConfiguration": logging.delete,
        "TagResource": tags.tag,
        "UntagResource": tags.untag,
        "ListTagsForResource": tags.list,
    }
    model = load_service("amp")
    table: DispatchTable = moto_table(model)
    table.update({name: _handler(operation) for name, operation in operations.items()})
    return Service(name="amp", skeleton=Skeleton(model, table))


def _handler(operation: Operation) -> ServiceRequestHandler:
    def handle(context: RequestContext, request: Any) -> Any:
        arn = request.get("resourceArn")
        if arn is not None and not is_ours(arn):
            return ask_moto(context)
        given = {name: value for name, value in request.items() if value is not None}
        assert context.operation is not None
        try:
            validate(context.operation, given)
        except errors.ValidationException as error:
            raise ValidationException(error.message) from error
        return operation(Caller(context.account_id, context.region), given)

    return handle
