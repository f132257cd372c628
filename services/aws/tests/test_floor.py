"""Every operation of a service that moto answers is answered, and as AWS would."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from minimal_request import minimal

SERVICES = (
    "application-autoscaling", "codebuild", "codepipeline", "ecr", "ecs", "eks", "sagemaker", "sagemaker-metrics",
)  # fmt: skip


def operations() -> list[Any]:
    """Every operation: what makes things first, what deletes them last."""

    def turn(name: str) -> int:
        if name.startswith(("Create", "Register", "Put", "Start")):
            return 0
        return 2 if name.startswith(("Delete", "Deregister", "Stop")) else 1

    session, found = botocore.session.get_session(), []
    for service in SERVICES:
        model = session.get_service_model(service)
        found += [pytest.param(service, name, id=f"{service}-{name}") for name in sorted(model.operation_names, key=turn)]
    return found


@pytest.mark.parametrize(("service", "operation"), operations())
def test_every_operation_is_answered_as_aws_would(platform, service, operation):
    client = platform.client(service, account="123400000000")
    model = client.meta.service_model.operation_model(operation)
    try:
        client._make_api_call(operation, minimal(model))
    except ClientError as error:
        answer = error.response["Error"]
        assert answer["Code"][:1].isalpha(), answer
        assert answer["Code"] not in ("InternalError", "InternalFailure"), answer
        assert answer["Message"], answer
        print(answer)
