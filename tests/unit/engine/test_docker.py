"""What the Docker engine's answers, and Compose's words, are taken for."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound

from obsiverse.engine.docker import address, compose_cli, containers, events, stand_in
from obsiverse.engine.docker.engine import COMPOSE_FILE, DockerEngine, project_name
from obsiverse.engine.report import Reporter
from obsiverse.engine.workspace import Workspace


class Told(Reporter):
    """Keeps warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def stage(self, service: str, stage: str, detail: str = "") -> None:
        """Nothing."""

    def warn(self, message: str) -> None:
        """Kept."""
        self.warnings.append(message)


def listed(status: str, state: str, **labels: str) -> containers.Container:
    names = {"com.docker.compose.service": "a", **{name.replace("_", "."): value for name, value in labels.items()}}
    return containers.container({"Id": "c" * 64, "Status": status, "State": state, "Labels": names})


@pytest.mark.parametrize(
    ("status", "state", "health", "exit_code", "is_up"),
    [
        ("Created", "created", "none", None, False),
        ("Up 3 seconds", "running", "none", None, True),
        ("Up 3 seconds (health: starting)", "running", "starting", None, False),
        ("Up 2 minutes (healthy)", "running", "healthy", None, True),
        ("Up 2 minutes (unhealthy)", "running", "unhealthy", None, False),
        ("Exited (0) 4 seconds ago", "exited", "none", 0, False),
        ("Restarting (3) Less than a second ago", "restarting", "none", 3, False),
        ("Exited (137) About a minute ago", "exited", "none", 137, False),
    ],
)
def test_how_a_container_is(status: str, state: str, health: str, exit_code: int | None, is_up: bool) -> None:
    one = listed(status, state)
    assert (one.service, one.health, one.exit_code, one.is_up) == ("a", health, exit_code, is_up)


def test_one_that_runs_once_is_up_when_it_has_ended_well() -> None:
    assert listed("Exited (0) 1 second ago", "exited", obsiverse_oneshot="true").is_up
    assert not listed("Exited (1) 1 second ago", "exited", obsiverse_oneshot="true").is_up
    assert not listed("Up 1 second", "running", obsiverse_oneshot="true").is_up
    assert listed("Exited (0) 1 second ago", "exited", obsiverse_template="model").is_up


INSPECTED: dict[str, Any] = {
    "State": {"Status": "running", "StartedAt": "2026-01-31T12:00:00.5Z", "Pid": 77, "ExitCode": 0},
    "RestartCount": 2,
    "NetworkSettings": {"Ports": {"80/tcp": [{"HostPort": "9000"}, {"HostPort": "9000"}], "81/tcp": None}},
}
STATS: dict[str, Any] = {
    "cpu_stats": {"cpu_usage": {"total_usage": 500_000_000}},
    "memory_stats": {"usage": 1000, "stats": {"total_inactive_file": 300}},
}
STARTED = containers.unix_seconds("2026-01-31T12:00:00.5Z")


def test_a_row_of_a_running_service() -> None:
    row = containers.row(listed("Up 5 seconds (healthy)", "running"), INSPECTED, STATS, STARTED + 5)
    assert row.as_json() == {
        "name": "a",
        "kind": "service",
        "state": "running",
        "health": "healthy",
        "pid": 77,
        "container": "c" * 12,
        "ports": [9000],
        "cpu_percent": 10.0,
        "rss_bytes": 700,
        "uptime_seconds": 5.0,
        "restarts": 2,
    }


def test_a_row_of_one_that_has_ended_has_no_figures() -> None:
    ended = {**INSPECTED, "State": {"Status": "exited", "StartedAt": "2026-01-31T12:00:00Z", "Pid": 0, "ExitCode": 3}}
    row = containers.row(listed("Exited (3) 1 second ago", "exited", obsiverse_kind="engine"), ended, {}, STARTED)
    assert (row.kind, row.state, row.pid, row.cpu_percent, row.rss_bytes, row.exit_code) == (
        "engine", "exited", None, None, None, 3,
    )  # fmt: skip


def test_times_have_their_fraction() -> None:
    assert containers.unix_seconds("1970-01-01T00:00:01.250000000Z") == 1.25
    assert containers.unix_seconds("1970-01-01T00:00:01Z") == 1.0


def test_events_have_the_agents_form() -> None:
    actor = {"Attributes": {"com.docker.compose.service": "a", "exitCode": "3", "obsiverse.kind": "engine"}}
    found = events.event({"Action": "die", "Actor": actor, "timeNano": 1_500_000_000})
    assert found == {
        "time": 1.5,
        "task": "a",
        "type": "exited",
        "exit_code": 3,
        "signal": None,
        "message": "",
        "labels": {"obsiverse.kind": "engine"},
    }
    assert events.event({"Action": "exec_create: sh", "Actor": actor, "timeNano": 0}) is None


@pytest.mark.parametrize(
    ("version", "taken"),
    [("2.40.3", True), ("v2.24.0", True), ("5.7.0", True), ("dev", True), ("2.23.3", False), ("1.29.2", False)],
)
def test_versions_of_compose(version: str, taken: bool) -> None:
    assert compose_cli.is_new_enough(version) is taken


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ("failed to register layer: write /x: no space left on device", "disk is full", "docker system prune"),
        (
            "Error response from daemon: pull access denied for me/it, repository does not exist",
            "me/it",
            "docker login",
        ),
        ('failed to resolve reference "docker.io/a/b:1": not found', "docker.io/a/b:1", "docker login"),
        ('could not select device driver "nvidia" with capabilities: [[gpu]]', "give GPUs", "--no-gpu"),
        ("Cannot connect to the Docker daemon at unix:///x. Is it running?", "no longer answers", "make up"),
        ("service x has neither an image", "docker compose up failed:\nservice x has neither an image", "Mend"),
    ],
)
def test_what_compose_says_is_made_plain(said: str, message: str, hint: str) -> None:
    error = compose_cli.failure("up", ["Container a  Starting", said] if "service" not in said else [said])
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (OSError(13, "Permission denied"), "may not use the Docker engine"),
        (OSError(111, "Connection refused"), "does not answer: Connection refused"),
    ],
)
def test_an_engine_that_can_not_be_talked_to(raised: OSError, message: str) -> None:
    assert message in address.unreachable(raised, "unix:///var/run/docker.sock").message


def test_the_agents_socket_is_the_engines_own_unless_it_is_in_a_machine_of_its_own(monkeypatch) -> None:
    monkeypatch.setattr(address.sys, "platform", "linux")
    assert address.socket_of("unix:///run/user/1000/docker.sock") == "/run/user/1000/docker.sock"
    assert address.socket_of("unix:///home/a/.docker/desktop/docker.sock") is None
    assert address.socket_of("tcp://engine:2376") is None
    monkeypatch.setattr(address.sys, "platform", "darwin")
    assert address.socket_of("unix:///Users/a/.docker/run/docker.sock") is None


def test_two_state_folders_have_two_names(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("COMPOSE_PROJECT_NAME", raising=False)
    one, other = (Workspace(tmp_path, (), tmp_path / name) for name in ("a", "b"))
    assert project_name(one) != project_name(other)
    assert project_name(one) == project_name(one)
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "mine")
    assert project_name(one) == "mine"


def test_lookout_stands_in_for_an_hour_after_grafana_s_image_could_not_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OBSIVERSE_WITHOUT", raising=False)
    workspace = Workspace(tmp_path, (), tmp_path / "state")
    assert not stand_in.is_wanted(workspace)
    stand_in.note(workspace)
    assert stand_in.is_wanted(workspace)
    before = time.time() - 3700
    os.utime(workspace.lookout_mark, (before, before))
    assert not stand_in.is_wanted(workspace)
    monkeypatch.setenv("OBSIVERSE_WITHOUT", "grafana")
    assert stand_in.is_wanted(workspace)


class Engine:
    """A Docker engine's client, so far as choosing images asks it: it has none."""

    api: Any

    def __init__(self) -> None:
        self.api = self

    def version(self) -> dict[str, str]:
        return {"Version": "28.0.0"}

    def info(self) -> dict[str, Any]:
        return {}

    def inspect_image(self, name: str) -> None:
        raise ImageNotFound(name)


@pytest.mark.parametrize("can_be_built", [True, False])
def test_lookout_s_file_joins_where_grafana_s_image_can_not_be_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_be_built: bool
) -> None:
    """Docker Compose is a stand-in that builds, or not."""
    monkeypatch.delenv("OBSIVERSE_WITHOUT", raising=False)
    program = tmp_path / "compose"
    program.write_text(
        f'#!/bin/sh\necho "no such host"\necho "$@" >>"{tmp_path}/asked"\nexit {0 if can_be_built else 1}\n'
    )
    program.chmod(0o755)
    workspace = Workspace(tmp_path, (COMPOSE_FILE,), tmp_path / "state")
    engine = DockerEngine(workspace, Engine(), [str(program)])
    told = Told()
    project = engine._with_dashboards(engine._load(), ["aws", "grafana"], told)
    lookout = [] if can_be_built else [COMPOSE_FILE.with_name("lookout.yaml")]
    assert project.services["grafana"].image == ("obsiverse/grafana" if can_be_built else "obsiverse/lookout")
    assert engine._files() == [COMPOSE_FILE, *lookout]
    assert len(told.warnings) == len(lookout)
    assert all("Lookout runs instead" in warning and "no such host" in warning for warning in told.warnings)
    later = DockerEngine(workspace, Engine(), [str(program)])
    later._with_dashboards(later._load(), ["grafana"], told)
    assert (tmp_path / "asked").read_text().count("build grafana") == (2 if can_be_built else 1)
    assert later._files() == engine._files()


def test_a_stack_without_dashboards_builds_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OBSIVERSE_WITHOUT", raising=False)
    workspace = Workspace(tmp_path, (COMPOSE_FILE,), tmp_path / "state")
    engine = DockerEngine(workspace, Engine(), ["/nowhere/compose"])
    project = engine._load()
    assert engine._with_dashboards(project, ["aws"], Told()) is project
