"""Model packages, which moto keeps."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from obsiverse_aws.clients import Clients
from obsiverse_aws.errors import ValidationException
from obsiverse_aws.sagemaker.resources import Caller


def describe_package(caller: Caller, name: str) -> dict[str, Any]:
    """DescribeModelPackage by name or ARN, in the name of a caller.

    Raises ValidationException where there is none, or it holds nothing that can be served.
    """
    try:
        package = Clients(*caller).sagemaker.describe_model_package(ModelPackageName=name)
    except ClientError as error:
        raise ValidationException(error.response["Error"]["Message"]) from error
    if not package.get("InferenceSpecification", {}).get("Containers"):
        raise ValidationException(f"Model package {name} has no InferenceSpecification with containers.")
    return package
