"""Deploy a model with version 3 of the SageMaker Python SDK, by its ModelBuilder: a user's script, which names nothing local.

Usage: deploy_v3_builder.py NAME BUCKET ROLE FOLDER. A bucket is named for the same reason as in deploy_v2.py.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import EndpointConfig
from sagemaker.core.training.configs import SourceCode
from sagemaker.serve import ModelBuilder
from sagemaker.serve.utils.types import ModelServer

MODEL = Path(__file__).with_name("model")


def main(name: str, bucket: str, role: str, folder: Path) -> None:
    """Deploy, predict and delete, and write what was predicted to result.json in the folder."""
    session = Session(default_bucket=bucket)
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        tar.add(MODEL / "weights.json", "weights.json")
    image = image_uris.retrieve(
        "pytorch",
        session.boto_region_name,
        version="2.6.0",
        py_version="py312",
        instance_type="ml.m5.large",
        image_scope="inference",
    )
    builder = ModelBuilder(
        image_uri=image,
        s3_model_data_url=session.upload_data(str(folder / "model.tar.gz"), key_prefix=name),
        source_code=SourceCode(source_dir=str(MODEL / "torch"), entry_script="inference.py"),
        model_server=ModelServer.TORCHSERVE,
        role_arn=role,
        instance_type="ml.m5.large",
        sagemaker_session=session,
    )
    model = builder.build(model_name=name)
    endpoint = builder.deploy(endpoint_name=name, initial_instance_count=1, instance_type="ml.m5.large")
    try:
        answer = endpoint.invoke(
            body=json.dumps([[1.0, 2.0, 3.0]]), content_type="application/json", accept="application/json"
        )
        prediction = json.loads(answer.body.read())
    finally:
        config = EndpointConfig.get(endpoint.endpoint_config_name)
        endpoint.delete()
        endpoint.wait_for_delete(poll=1)
        config.delete()
        model.delete()
    (folder / "result.json").write_text(json.dumps({"image": image, "prediction": prediction}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
