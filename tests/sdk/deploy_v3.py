"""Deploy a model with version 3 of the SageMaker Python SDK, by its resources: a user's script, which names nothing local.

Usage: deploy_v3.py NAME BUCKET ROLE FOLDER.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path

import boto3
from sagemaker.core import image_uris
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant, Tag

MODEL = Path(__file__).with_name("model")


def main(name: str, bucket: str, role: str, folder: Path) -> None:
    """Deploy, predict and delete, and write what was predicted to result.json in the folder."""
    session = boto3.Session()
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        tar.add(MODEL / "weights.json", "weights.json")
        tar.add(MODEL / "torch" / "inference.py", "code/inference.py")
    session.client("s3").upload_file(str(folder / "model.tar.gz"), bucket, f"{name}/model.tar.gz")
    image = image_uris.retrieve(
        "pytorch",
        session.region_name,
        version="2.6.0",
        py_version="py312",
        instance_type="ml.m5.large",
        image_scope="inference",
    )

    model = Model.create(
        model_name=name,
        primary_container=ContainerDefinition(image=image, model_data_url=f"s3://{bucket}/{name}/model.tar.gz"),
        execution_role_arn=role,
        tags=[Tag(key="team", value="lab")],
    )
    variant = ProductionVariant(
        variant_name="AllTraffic", model_name=name, initial_instance_count=1, instance_type="ml.m5.large"
    )
    config = EndpointConfig.create(endpoint_config_name=name, production_variants=[variant])
    endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=config)
    try:
        endpoint.wait_for_status("InService", poll=1)
        answer = endpoint.invoke(
            body=json.dumps([[1.0, 2.0, 3.0]]), content_type="application/json", accept="application/json"
        )
        prediction = json.loads(answer.body.read())
    finally:
        endpoint.delete()
        endpoint.wait_for_delete(poll=1)
        config.delete()
        model.delete()
    (folder / "result.json").write_text(json.dumps({"image": image, "prediction": prediction}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
