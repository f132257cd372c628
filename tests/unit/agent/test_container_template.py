"""What the agent makes of the container that Compose made for a template."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from obsiverse.agent.container_run import exit_of
from obsiverse.agent.container_template import template
from obsiverse.agent.spec import Spec

IMAGE: dict[str, Any] = {"Config": {"Entrypoint": ["python", "-m", "model"], "Cmd": ["serve"]}}
CONTAINER: dict[str, Any] = {
    "Id": "c1",
    "Image": "sha256:abc",
    "Config": {
        "Image": "obsiverse/model",
        "Entrypoint": ["true"],
        "Cmd": None,
        "Env": ["PATH=/opt/venv/bin", "EQUALS=a=b", "EMPTY="],
        "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
        "WorkingDir": "",
        "StopTimeout": 30,
        "User": "10001:10001",
        "Labels": {"com.docker.compose.service": "model", "obsiverse.template": "model", "obsiverse.health": "8080/ping"},
        "Healthcheck": {
            "Test": ["CMD", "python"],
            "Interval": 10_000_000_000,
            "Timeout": 2_000_000_000,
            "StartPeriod": 240_000_000_000,
        },
    },
    "HostConfig": {
        "NetworkMode": "p_default",
        "RestartPolicy": {"Name": "no"},
        "PortBindings": {},
        "Memory": 1024,
        "DeviceRequests": [{"Driver": "nvidia", "Count": -1}],
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
    },
    "NetworkSettings": {"Networks": {"p_default": {}, "p_other": {}}},
}  # fmt: skip


def made(**config: Any) -> Spec:
    container = copy.deepcopy(CONTAINER)
    container["Config"].update(config)
    return template(container, IMAGE)


def test_a_task_runs_its_images_entrypoint_not_the_templates() -> None:
    spec = made()
    assert (spec.command, spec.args) == (["python", "-m", "model"], ["serve"])


def test_an_image_without_an_entrypoint_runs_its_command() -> None:
    spec = template(CONTAINER, {"Config": {"Cmd": ["sh", "-c", "x"]}})
    assert (spec.command, spec.args) == (["sh"], ["-c", "x"])


def test_environment_limits_devices_and_networks_are_the_templates() -> None:
    spec = made()
    assert spec.env == {"PATH": "/opt/venv/bin", "EQUALS": "a=b", "EMPTY": ""}
    assert spec.container is not None
    assert spec.container.host_config["Memory"] == 1024
    assert spec.container.host_config["DeviceRequests"] == CONTAINER["HostConfig"]["DeviceRequests"]
    assert spec.container.networks == ["p_default", "p_other"]
    assert (spec.container.user, spec.container.image_id) == ("10001:10001", "sha256:abc")
    assert (spec.stop_grace, spec.logging.max_size_bytes, spec.logging.max_files) == (30, 10 * 2**20, 3)


def test_what_is_compose_s_own_is_left_out() -> None:
    spec = made()
    assert spec.container is not None
    assert not {"NetworkMode", "RestartPolicy", "PortBindings"} & spec.container.host_config.keys()
    assert spec.labels == {"obsiverse.health": "8080/ping"}
    assert [port.container for port in spec.ports] == [8080]


def test_the_label_makes_the_check_one_over_the_network_with_composes_timings() -> None:
    health = made().health
    assert health is not None
    assert health.http is not None
    assert (health.http.port, health.http.path) == (8080, "/ping")
    assert (health.interval, health.timeout, health.start_period, health.retries) == (10, 2, 240, 3)


def test_without_the_label_the_templates_own_check_is_run() -> None:
    health = made(Labels={}).health
    assert health is not None
    assert health.test == ["CMD", "python"]
    assert made(Labels={}, Healthcheck={"Test": ["NONE"]}).health is None
    assert made(Labels={}, Healthcheck=None).health is None


def test_a_label_that_is_no_port_and_path_is_refused() -> None:
    with pytest.raises(ValueError, match="8080/ping"):
        made(Labels={"obsiverse.health": "http://x"})


@pytest.mark.parametrize(
    ("state", "code", "signal", "oom"),
    [
        ({"ExitCode": 0}, 0, None, False),
        ({"ExitCode": 7}, 7, None, False),
        ({"ExitCode": 143}, 143, "SIGTERM", False),
        ({"ExitCode": 137, "OOMKilled": True}, 137, "SIGKILL", True),
        ({"ExitCode": 255}, 255, None, False),
    ],
)
def test_ends(state: dict[str, Any], code: int, signal: str | None, oom: bool) -> None:
    end = exit_of(state)
    assert (end.code, end.signal, end.oom_killed) == (code, signal, oom)
