"""Deploy scikit-learn code with version 2 of the SageMaker Python SDK, which leaves the code beside the model in S3.

Usage: deploy_v2_sklearn.py NAME BUCKET ROLE FOLDER. A bucket is named for the same reason as in deploy_v2.py.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path

import numpy as np
from sagemaker.session import Session
from sagemaker.sklearn import SKLearnModel

MODEL = Path(__file__).with_name("model")


def main(name: str, bucket: str, role: str, folder: Path) -> None:
    """Deploy, predict and delete, and write what was predicted to result.json in the folder."""
    session = Session(default_bucket=bucket)
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        tar.add(MODEL / "weights.json", "weights.json")
    model = SKLearnModel(
        name=name,
        model_data=session.upload_data(str(folder / "model.tar.gz"), key_prefix=name),
        role=role,
        entry_point="inference.py",
        source_dir=str(MODEL / "sklearn"),
        framework_version="1.2-1",
        sagemaker_session=session,
    )
    predictor = model.deploy(initial_instance_count=1, instance_type="ml.m5.large", endpoint_name=name)
    try:
        image = session.sagemaker_client.describe_model(ModelName=name)["PrimaryContainer"]["Image"]
        prediction = predictor.predict(np.array([[1.0], [2.0], [3.0]]))
    finally:
        predictor.delete_endpoint()
        model.delete_model()
    (folder / "result.json").write_text(json.dumps({"image": image, "prediction": [prediction.tolist()]}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
