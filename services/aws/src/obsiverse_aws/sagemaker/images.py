"""Container images, and the agent's templates that stand for them."""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"(?:(?P<registry>[^/]+[.:][^/]*|localhost)/)?(?P<repository>[^:@]+)(?::[^@/]+)?(?:@.+)?")

# The repositories of AWS's deep learning containers and of its scikit-learn container, by the end of their names.
# https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
_MODEL_REPOSITORIES = (
    "obsiverse/model",
    "pytorch-inference",
    "pytorch-training",
    "sagemaker-pytorch",
    "sagemaker-scikit-learn",
    "sagemaker-base-python",
)


class ImageNotFound(Exception):
    """No task template stands for an image; the message is AWS's for one that it can't pull."""

    def __init__(self, image: str, role: str) -> None:
        reference = _REFERENCE.fullmatch(image)
        repository = reference["repository"] if reference else image
        registry = (reference and reference["registry"]) or ""
        super().__init__(
            f"Cannot find repository: {repository} in registry ID: {registry.partition('.')[0] or 'unknown'} "
            f"Please check if your ECR repository exists and role {role} has proper pull permissions for SageMaker: "
            f"ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer"
        )


def template(image: str, role: str) -> str:
    """The template of an image.

    Args:
        role: the ARN that an error names.

    Raises ImageNotFound where there is none.
    """
    reference = _REFERENCE.fullmatch(image)
    if reference is not None:
        repository = reference["repository"]
        if any(repository == known or repository.endswith(f"/{known}") for known in _MODEL_REPOSITORIES):
            return "model"
    raise ImageNotFound(image, role)
