"""What the environment decides, and what MLflow is told of it."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

# Beside these, MLflow's own default lets private addresses in; a list of ours replaces that one.
_HOSTS = ("localhost", "127.0.0.1", "[[]::1]", "host.docker.internal", "mlflow")


class Settings(BaseSettings):
    """Settings, from variables that begin with MLFLOW_.

    Attributes:
        listen: host and port.
        data: folder of the SQLite database.
        artifact_bucket: S3 bucket for artifacts; made when the first one is uploaded. Without it they are kept in `data`.
    """

    model_config = SettingsConfigDict(env_prefix="MLFLOW_")

    listen: str = "0.0.0.0:5000"
    data: Path = Path("/var/lib/mlflow")
    artifact_bucket: str = ""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def database(self) -> str:
        """The backend store's address."""
        return f"sqlite:///{self.data.absolute() / 'mlflow.db'}"

    def environment(self) -> dict[str, str]:
        """The variables with which `mlflow server` tells its app what its options were (mlflow.server.constants)."""
        bucket = self.artifact_bucket
        return {
            "_MLFLOW_SERVER_FILE_STORE": self.database,
            "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
            "_MLFLOW_SERVER_ARTIFACT_DESTINATION": f"s3://{bucket}"
            if bucket
            else str(self.data.absolute() / "artifacts"),
            "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
            "_MLFLOW_SGI_NAME": "uvicorn",
            "_MLFLOW_IN_JOB_EXECUTOR": "false",
            # Job workers are eight more processes of 75 MB.
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_SERVER_ALLOWED_HOSTS": ",".join(each for host in _HOSTS for each in (host, f"{host}:*")),
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
