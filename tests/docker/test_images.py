"""Our images as they are built: who they run as, what they hold and what they leave out, and that they start by themselves."""

from __future__ import annotations

import json
import time
from typing import Any

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

pytestmark = pytest.mark.timeout(180)
PYTHON = (
    "agent", "aws", "endpoints", "inbox", "lambda-python", "lookout", "mlflow", "model", "scenario", "telemetry", "traffic",
)  # fmt: skip
IMAGES = (*PYTHON, "otel-collector")
# Services that become healthy with no other one there, and what they read from their environment.
ALONE = {
    "aws": {
        "AWS_LISTEN": "0.0.0.0:4566",
        "AWS_DATA": "/var/lib/aws",
        "OBSIVERSE_AGENT": "unix:///nowhere.sock",
        "ENDPOINTS_ADDR": "nowhere:1",
    },
    "endpoints": {"ENDPOINTS_LISTEN": "0.0.0.0:4570", "ENDPOINTS_DATA": "/var/lib/endpoints"},
    "inbox": {"INBOX_LISTEN": "0.0.0.0:8025", "INBOX_SMTP_LISTEN": "0.0.0.0:1025", "INBOX_DATA": "/var/lib/inbox"},
    "lookout": {"LOOKOUT_LISTEN": "0.0.0.0:3000", "LOOKOUT_DATA": "/var/lib/lookout"},
    "mlflow": {"MLFLOW_LISTEN": "0.0.0.0:5000", "MLFLOW_DATA": "/var/lib/mlflow"},
    "telemetry": {"TELEMETRY_LISTEN": "0.0.0.0:4571"},
    "traffic": {"TRAFFIC_LISTEN": "0.0.0.0:8089", "TRAFFIC_DATA": "/var/lib/traffic"},
}
ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "000000000000",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "eu-central-1",
    "AWS_ENDPOINT_URL": "http://nowhere:1",
    "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": "http://nowhere:1",
}
SECOND = 1_000_000_000
# Printed by a container of the image: what only its inside knows.
LOOK = """
import importlib, importlib.util, json, os, shutil, sys
importlib.import_module(sys.argv[1] + ".__main__")
print(json.dumps({
    "uid": os.getuid(),
    "gid": os.getgid(),
    "prefix": sys.prefix,
    "owner": os.stat(".").st_uid,
    "folder": os.listdir("."),
    "venv": [os.stat(sys.prefix).st_uid, os.stat(sys.prefix).st_mode & 0o022],
    "modules": [name for name in ("pip", "uv") if importlib.util.find_spec(name)],
    "tools": [name for name in ("uv", "gcc", "cc", "g++", "make", "cargo", "go") if shutil.which(name)],
    "left": [path for path in ("/uv", "/src", "/opt/venv/bin/pip", "/root/.cache") if os.path.exists(path)],
}))
"""


@pytest.fixture(scope="module")
def engine() -> Any:
    try:
        client: Any = docker.from_env(version="auto")
        client.ping()
    except DockerException as error:
        pytest.skip(f"no Docker engine: {error}")
    return client


def built(engine: Any, service: str) -> Any:
    """The image of a service, or a skip where it was not built from its Dockerfile."""
    try:
        image = engine.images.get(f"obsiverse/{service}")
    except ImageNotFound:
        pytest.skip(f"obsiverse/{service} is not built")
    if "org.opencontainers.image.title" not in (image.labels or {}):
        pytest.skip(f"obsiverse/{service} is a stand-in that was not built from its Dockerfile")
    return image


@pytest.mark.parametrize("service", IMAGES)
def test_it_says_what_it_is(engine: Any, service: str) -> None:
    labels = built(engine, service).labels
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}title"] == f"obsiverse {service}"
    assert labels[f"{prefix}licenses"] == "Apache-2.0"
    assert all(labels[f"{prefix}{key}"] for key in ("description", "version", "revision"))


@pytest.mark.parametrize("service", IMAGES)
def test_its_config_names_its_user_its_check_and_its_program(engine: Any, service: str) -> None:
    config = built(engine, service).attrs["Config"]
    assert config["User"] == ("0:0" if service == "agent" else "10001:10001")
    assert config["Entrypoint"]
    # What runs once has an end instead of a health, and an environment of Lambda's only asks.
    assert bool(config.get("Healthcheck")) == (service not in ("scenario", "lambda-python"))


@pytest.mark.parametrize("service", PYTHON)
def test_inside_is_its_program_and_nothing_that_built_it(engine: Any, service: str) -> None:
    image = built(engine, service)
    module = image.attrs["Config"]["Entrypoint"][-1]
    printed = engine.containers.run(
        image.id, ["-c", LOOK, module], entrypoint="python", remove=True, network_mode="none", read_only=True
    )
    seen = json.loads(printed.decode().splitlines()[-1])
    user = 0 if service == "agent" else 10001
    # A new volume takes its owner, and its files, from the folder it is mounted on.
    assert (seen["uid"], seen["gid"], seen["owner"], seen["folder"]) == (user, user, user, [])
    assert seen["prefix"] == "/opt/venv"
    assert seen["venv"] == [0, 0], "only root may write to it"
    assert (seen["modules"], seen["tools"], seen["left"]) == ([], [], [])


@pytest.mark.parametrize("service", ALONE)
def test_it_becomes_healthy_by_its_own_check(engine: Any, service: str) -> None:
    container = engine.containers.run(
        built(engine, service).id,
        detach=True,
        init=True,
        environment=ACCOUNT | ALONE[service],
        healthcheck={"interval": SECOND // 2},
    )
    try:
        deadline = time.monotonic() + 120
        while (state := _state(container))["Health"]["Status"] != "healthy":
            assert state["Running"] and time.monotonic() < deadline, container.logs(tail=30).decode()
            time.sleep(0.2)
        container.stop(timeout=20)
        assert _state(container)["ExitCode"] in (0, 143), "it had to be killed"
    finally:
        container.remove(force=True, v=True)


def _state(container: Any) -> dict[str, Any]:
    container.reload()
    return container.attrs["State"]
