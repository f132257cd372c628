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


# What an image of AWS's says of itself in its tag, against what the template has: python's name of the package, and AWS's.
_FRAMEWORKS = {
    "pytorch-inference": "torch",
    "pytorch-training": "torch",
    "sagemaker-pytorch": "torch",
    "sagemaker-scikit-learn": "scikit-learn",
}
_VERSION = re.compile(r":(\d+(?:\.\d+)*)")


def difference(image: str) -> str | None:
    """What to say of an image whose framework has another version than ours may have; None where it is our own image."""
    reference = _REFERENCE.fullmatch(image)
    framework = reference and _FRAMEWORKS.get(reference["repository"].rpartition("/")[2])
    if not framework:
        return None
    version = _VERSION.search(image.rpartition("/")[2])
    asked = f" {version[1]}" if version else ""
    return (
        f"obsiverse runs {image} as obsiverse/model: the image's {framework}{asked} is not what is installed; "
        f"the container logs the version that it has."
    )


def resolved(image: str) -> str:
    """The image that really runs, as DescribeEndpoint's ResolvedImage."""
    try:
        return f"obsiverse/{template(image, '')}"
    except ImageNotFound:
        return image


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
