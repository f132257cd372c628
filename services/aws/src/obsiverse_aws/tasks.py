"""What every task that the edge starts has in common."""

from __future__ import annotations

from obsiverse_aws.sagemaker.models import SageMakerResource
from obsiverse_aws.store import Key

TASK = {"obsiverse.kind": "task"}


def labels(resource: SageMakerResource) -> dict[str, str]:
    """The labels of a task that belongs to a resource."""
    return {**labels_of(resource.KIND, resource.key), "obsiverse.arn": resource.arn}


def labels_of(kind: str, key: Key) -> dict[str, str]:
    """The labels by which the tasks of a resource are found."""
    return {
        **TASK,
        "obsiverse.account": key.account,
        "obsiverse.region": key.region,
        "obsiverse.resource": kind,
        "obsiverse.name": key.name,
    }


def owner(found: dict[str, str]) -> Key:
    """The key of the resource that a task with these labels belongs to."""
    return Key(found["obsiverse.account"], found["obsiverse.region"], found["obsiverse.name"])


def credentials(account: str, region: str) -> dict[str, str]:
    """The variables by which AWS's SDKs act for an account; the addresses are the task template's."""
    return {
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
