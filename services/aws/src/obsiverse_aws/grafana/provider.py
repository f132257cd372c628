"""Which operation of Managed Grafana's API goes where."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.core import ServiceRequestHandler
from localstack.aws.skeleton import DispatchTable, Skeleton
from localstack.aws.spec import load_service
from localstack.services.plugins import Service

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.errors import NotEmulated
from obsiverse_aws.grafana.errors import ValidationException
from obsiverse_aws.grafana.service import ManagedGrafana
from obsiverse_aws.sagemaker.validation import problems

Operation = Callable[[Caller, dict[str, Any]], dict[str, Any]]
_PROBLEM = re.compile(r".* at '(?P<field>[^']*)' failed to satisfy constraint: .*", re.DOTALL)


def create_service(grafana: ManagedGrafana) -> Service:
    """The service as LocalStack runs it."""
    workspaces, configurations, licenses = grafana.workspaces, grafana.configurations, grafana.licenses
    authentication, permissions, tags = grafana.authentication, grafana.permissions, grafana.tags
    accounts, tokens, keys = grafana.service_accounts, grafana.tokens, grafana.api_keys
    operations: dict[str, Operation] = {
        "CreateWorkspace": workspaces.create,
        "DescribeWorkspace": workspaces.describe,
        "ListWorkspaces": workspaces.list,
        "UpdateWorkspace": workspaces.update,
        "DeleteWorkspace": workspaces.delete,
        "DescribeWorkspaceConfiguration": configurations.describe,
        "UpdateWorkspaceConfiguration": configurations.update,
        "ListVersions": grafana.versions.list,
        "DescribeWorkspaceAuthentication": authentication.describe,
        "UpdateWorkspaceAuthentication": authentication.update,
        "AssociateLicense": licenses.associate,
        "DisassociateLicense": licenses.disassociate,
        "ListPermissions": permissions.list,
        "UpdatePermissions": permissions.update,
        "CreateWorkspaceApiKey": keys.create,
        "DeleteWorkspaceApiKey": keys.delete,
        "CreateWorkspaceServiceAccount": accounts.create,
        "ListWorkspaceServiceAccounts": accounts.list,
        "DeleteWorkspaceServiceAccount": accounts.delete,
        "CreateWorkspaceServiceAccountToken": tokens.create,
        "ListWorkspaceServiceAccountTokens": tokens.list,
        "DeleteWorkspaceServiceAccountToken": tokens.delete,
        "TagResource": tags.tag,
        "UntagResource": tags.untag,
        "ListTagsForResource": tags.list,
    }
    table: DispatchTable = {name: _handler(operation) for name, operation in operations.items()}
    return Service(name="grafana", skeleton=Skeleton(load_service("grafana"), table))


def create_absent_service() -> Service:
    """The service where there is no Grafana: each operation says what it lacks."""

    def answer(_context: RequestContext, _request: Any) -> Any:
        raise NotEmulated("Managed Grafana needs a Grafana: GRAFANA_ADDR (host:port) is not in the edge's environment.")

    model = load_service("grafana")
    names: list[str] = model.operation_names  # pyright: ignore[reportAssignmentType] - botocore computes it
    return Service(name="grafana", skeleton=Skeleton(model, dict.fromkeys(names, answer)))


def _handler(operation: Operation) -> ServiceRequestHandler:
    def handle(context: RequestContext, request: Any) -> Any:
        given = {name: value for name, value in request.items() if value is not None}
        assert context.operation is not None
        if found := problems(context.operation, given):
            raise _invalid(found)
        return operation(Caller(context.account_id, context.region), given)

    return handle


def _invalid(found: list[str]) -> ValidationException:
    fields = {match["field"]: problem for problem in found if (match := _PROBLEM.fullmatch(problem))}
    noun = "error" if len(found) == 1 else "errors"
    return ValidationException(f"{len(found)} validation {noun} detected: {'; '.join(found)}", fields)
