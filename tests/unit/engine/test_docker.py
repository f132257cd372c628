"""What the Docker engine's answers, and Compose's words, are taken for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from obsiverse.engine.docker import address, compose_cli, containers, events
from obsiverse.engine.docker.engine import project_name
from obsiverse.engine.workspace import Workspace


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
