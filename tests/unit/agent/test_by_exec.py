"""The agent's API by a program run beside it, as the command line reaches an agent in its container."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from obsiverse_client import AgentClient, AgentError, AgentUnreachable

from obsiverse.engine.docker.agent_exec import ExecConnector


def ask(real: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "obsiverse_client", *arguments],
        env={**os.environ, "OBSIVERSE_AGENT": f"unix://{real.socket}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


class Container:
    """Runs programs as Docker's exec does, with the answer in small pieces."""

    name = "beside"

    def __init__(self, real: Any) -> None:
        self._real = real

    def exec_run(self, command: list[str], *, stream: bool, demux: bool) -> tuple[None, Iterator[Any]]:
        assert stream
        assert demux
        assert command[0] == "python"
        done = ask(self._real, *command[3:])
        pieces = [done.stdout[at : at + 7].encode() for at in range(0, len(done.stdout), 7)]
        return None, iter([(None, done.stderr.encode() or None), *((piece, None) for piece in pieces)])


@pytest.fixture
def by_exec(real: Any, agent: AgentClient) -> AgentClient:
    return AgentClient(ExecConnector(Container(real)))


def test_status_and_answer_are_printed(real: Any, agent: AgentClient) -> None:
    done = ask(real, "GET", "/health")
    status, _, body = done.stdout.partition("\n")
    assert (done.returncode, status, json.loads(body)["pid"]) == (0, "200", real.process.pid)


def test_a_refusal_is_printed_and_is_the_exit_code(real: Any, agent: AgentClient) -> None:
    done = ask(real, "GET", "/tasks/none")
    status, _, body = done.stdout.partition("\n")
    assert (done.returncode, status) == (1, "404")
    assert json.loads(body)["error"] == {"code": "not_found", "message": "there is no task none"}


def test_no_agent_is_said(real: Any) -> None:
    done = ask(real, "GET", "/health")
    assert (done.returncode, done.stdout) == (3, "")
    assert "no agent answers" in done.stderr


def test_wrong_arguments_are_said(real: Any) -> None:
    assert ask(real, "GET").returncode == 2
    assert ask(real, "GET", "health").returncode == 2


def test_a_client_over_it_does_what_one_over_the_socket_does(by_exec: AgentClient, agent: AgentClient) -> None:
    agent.put_task("a", {"command": ["sh", "-c", "echo one; echo two; sleep 600"], "labels": {"k": "v w"}})
    agent.wait("a", "running", 10)
    assert [task["id"] for task in by_exec.tasks({"k": "v w"})] == ["a"]
    assert by_exec.tasks({"k": "other"}) == []
    assert by_exec.restart("a")["state"] == "running"
    assert by_exec.wait("a", "running", 5)["id"] == "a"
    assert by_exec.all_stats().keys() == {"a"}
    assert [line for _, line in by_exec.logs("a", tail=1)] == ["two"]
    assert {one["type"] for one in by_exec.events(since=0)} >= {"created", "started"}
    with pytest.raises(AgentError) as caught:
        by_exec.task("none")
    assert (caught.value.status, caught.value.code) == (404, "not_found")


def test_an_agent_that_is_away_is_unreachable_to_it_too(by_exec: AgentClient, real: Any) -> None:
    real.kill()
    with pytest.raises(AgentUnreachable, match="container beside"):
        by_exec.tasks()
