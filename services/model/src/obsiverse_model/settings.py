"""What the environment decides, under the names that SageMaker's own containers read."""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings

ALL_INTERFACES = "0.0.0.0"  # noqa: S104 - a container has to listen there to be reached


class Settings(BaseSettings):
    """Settings of a container, training or serving.

    Attributes:
        base: the folder that is /opt/ml in a container.
        host: address to listen on.
        port: port to listen on.
        program: name of the script with the handlers, in the model's `code` folder.
        submit_directory: where the SDK put that script, for the frameworks for which it does not pack it with the model.
        batch_size: most requests that the model is given at once; 1 turns batching off.
        batch_delay: milliseconds that a batch may wait to be filled while requests keep coming; an idle model never waits.
        multi_model: models are loaded when the container is told to, and not the one in the model's folder at its start.
        queue_size: requests that may wait; more are answered with 503.
    """

    base: Path = Field(Path("/opt/ml"), validation_alias="SAGEMAKER_BASE_DIR")
    host: str = Field(ALL_INTERFACES, validation_alias="OBSIVERSE_LISTEN")
    port: int = Field(8080, validation_alias="SAGEMAKER_BIND_TO_PORT")
    program: str = Field("inference.py", validation_alias="SAGEMAKER_PROGRAM")
    submit_directory: str = Field("", validation_alias="SAGEMAKER_SUBMIT_DIRECTORY")
    batch_size: int = Field(16, ge=1, validation_alias="SAGEMAKER_TS_BATCH_SIZE")
    batch_delay: int = Field(0, ge=0, validation_alias="SAGEMAKER_TS_MAX_BATCH_DELAY")
    multi_model: bool = Field(False, validation_alias="SAGEMAKER_MULTI_MODEL")
    queue_size: int = Field(256, ge=1, validation_alias=AliasChoices("SAGEMAKER_TS_QUEUE_SIZE", "TS_JOB_QUEUE_SIZE"))

    @property
    def model(self) -> Path:
        """The model's folder: read by serving, written by training."""
        return self.base / "model"

    @property
    def input(self) -> Path:
        """Configuration and channels of a training job."""
        return self.base / "input"

    @property
    def output(self) -> Path:
        """`failure` and `data` of a training job."""
        return self.base / "output"

    @property
    def code(self) -> Path:
        """Where a script that does not come with a model is unpacked."""
        return self.base / "code"

    def place(self, path: str) -> Path:
        """Where a path inside the container really is: /opt/ml stands for `base`."""
        inside = Path(path)
        return self.base / inside.relative_to("/opt/ml") if inside.is_relative_to("/opt/ml") else inside
