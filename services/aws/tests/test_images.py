"""Which images there are task templates for."""

from __future__ import annotations

import pytest
from obsiverse_aws.sagemaker.images import ImageNotFound, template


@pytest.mark.parametrize(
    "image",
    [
        "obsiverse/model",
        "obsiverse/model:1.2",
        "000000000000.dkr.ecr.us-east-1.amazonaws.com/obsiverse/model:latest",
        "localhost:5000/mirror/obsiverse/model@sha256:0123",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6-cpu-py312",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
    ],
)
def test_image_runs_as_the_model_template(image: str) -> None:
    assert template(image, "role") == "model"


@pytest.mark.parametrize(
    "image", ["not-obsiverse/model", "obsiverse/model-2", "my-pytorch-training", "model", ":", "a b"]
)
def test_other_image_is_not_found(image: str) -> None:
    with pytest.raises(ImageNotFound, match="role arn:role has proper pull permissions"):
        template(image, "arn:role")
