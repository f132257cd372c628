"""What happens to tasks when the agent, the machine or somebody's hand goes wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from obsiverse_client import AgentClient, AgentUnreachable

SLEEP: dict[str, Any] = {"command": ["sleep", "1000"]}
SERVICE: dict[str, Any] = {**SLEEP, "restart": {"policy": "always"}}


def edit_state(real: Any, task: str, change: Callable[[dict[str, Any]], None]) -> None:
    path = real.folder / "tasks" / task / "state.json"
    state = json.loads(path.read_text())
    change(state)
    path.write_text(json.dumps(state))


def types(agent: AgentClient, task: str) -> list[str]:
    return [event["type"] for event in agent.events(task=task)]


def test_a_killed_agents_tasks_run_on_and_are_adopted(real: Any) -> None:
    agent = real.start()
    spec = {**SERVICE, "ports": [{"container": 80}]}
    before = {task: agent.put_task(task, spec) for task in ("a", "b")}
    real.kill()
    assert {process.pid for process in real.programs("a")} == {before["a"]["pid"]}
    agent = real.start()
    for task, status in before.items():
        now = agent.task(task)
        assert {key: now[key] for key in ("pid", "state", "ports", "started_at", "restarts")} == {
            key: status[key] for key in ("pid", "state", "ports", "started_at", "restarts")
        }
        assert types(agent, task)[-1] == "adopted"


def test_an_adopted_task_is_watched_stopped_and_restarted_like_any_other(real: Any, until: Callable[..., Any]) -> None:
    agent = real.start()
    pid = agent.put_task("service", SERVICE)["pid"]
    agent.put_task("job", {"command": ["sh", "-c", "sleep 2; exit 6"]})
    real.kill()
    agent = real.start()
    os.kill(pid, signal.SIGKILL)
    until(lambda: agent.task("service")["state"] == "running" and agent.task("service")["restarts"] == 1)
    assert agent.wait("job", "exited", 20)["exit_code"] == 6
    assert agent.stop("service")["signal"] == "SIGTERM"
    assert real.processes() == []


def test_what_ended_while_no_agent_was_there_has_its_exit_code_and_its_policy(
    real: Any, until: Callable[..., Any]
) -> None:
    agent = real.start()
    agent.put_task(
        "job", {"command": ["sh", "-c", "read line <fifo; exit 9"], "health": None} | _with_fifo(agent, "job")
    )
    spec = {"command": ["sh", "-c", "read line <fifo; exit 9"], "restart": {"policy": "on-failure"}}
    agent.put_task("retried", spec | _with_fifo(agent, "retried"))
    real.kill()
    for task in ("job", "retried"):
        (real.folder / "tasks" / task / "root" / "fifo").write_text("go\n")
    until(lambda: real.processes() == [])
    agent = real.start()
    status = agent.task("job")
    assert (status["state"], status["exit_code"]) == ("exited", 9)
    until(lambda: agent.task("retried")["state"] == "running" and agent.task("retried")["restarts"] == 1)


def _with_fifo(agent: AgentClient, task: str) -> dict[str, Any]:
    agent.put_task(task, {"command": ["mkfifo", "fifo"]})
    agent.wait(task, "exited")
    return {}


def test_output_written_while_no_agent_was_there_is_in_the_log(real: Any, until: Callable[..., Any]) -> None:
    agent = real.start()
    agent.put_task("a", {"command": ["sh", "-c", "echo one; sleep 1; echo two"]})
    real.kill()
    until(lambda: real.processes() == [])
    agent = real.start()
    assert [line for _, line in agent.logs("a")] == ["one", "two"]


def test_health_goes_on_after_a_kill_and_a_healthy_task_stays_healthy(real: Any) -> None:
    agent = real.start()
    agent.put_task("a", {**SLEEP, "health": {"test": ["CMD", "true"], "interval": 1}})
    healthy_at = agent.wait("a", "healthy", 20)["healthy_at"]
    real.kill()
    agent = real.start()
    status = agent.task("a")
    assert (status["health"], status["healthy_at"]) == ("healthy", healthy_at)


def test_a_stop_that_the_agent_did_not_survive_is_finished(real: Any, until: Callable[..., Any]) -> None:
    agent = real.start()
    stubborn = [
        sys.executable,
        "-c",
        "import signal; signal.signal(15, signal.SIG_IGN); print(1, flush=True); signal.pause()",
    ]
    agent.put_task("a", {**SERVICE, "command": stubborn, "stop_grace": 60})
    next(agent.logs("a", follow=True))
    stopping = threading.Thread(target=_ignoring_death, args=(agent.stop, "a"))
    stopping.start()
    until(lambda: json.loads((real.folder / "tasks/a/state.json").read_text())["wanted"] == "stopped")
    real.kill()
    stopping.join()
    assert real.programs("a") != []
    edit = json.loads((real.folder / "tasks/a/spec.json").read_text()) | {"stop_grace": 0.1}
    (real.folder / "tasks/a/spec.json").write_text(json.dumps(edit))
    agent = real.start()
    until(lambda: agent.task("a")["state"] == "stopped")
    assert real.processes() == []


@pytest.mark.parametrize("recorded", ["running", "exited"])
def test_a_stop_whose_task_had_ended_when_the_agent_died_is_a_stop(
    real: Any, until: Callable[..., Any], recorded: str
) -> None:
    agent = real.start()
    agent.put_task("a", SERVICE)
    agent.stop("a")
    real.kill()
    edit_state(real, "a", lambda state: state.update(state=recorded, wanted="stopped"))
    agent = real.start()
    assert agent.task("a")["state"] == "stopped"
    assert types(agent, "a")[-1] == "stopped"


def test_a_deletion_that_the_agent_did_not_survive_is_finished(real: Any, until: Callable[..., Any]) -> None:
    agent = real.start()
    agent.put_task("a", SERVICE)
    real.kill()
    edit_state(real, "a", lambda state: state.update(wanted="removed"))
    agent = real.start()
    until(lambda: agent.tasks() == [])
    assert real.processes() == []
    assert not (real.folder / "tasks" / "a").exists()


def test_a_start_that_was_never_recorded_is_adopted_and_not_run_twice(real: Any) -> None:
    agent = real.start()
    pid = agent.put_task("a", SERVICE)["pid"]
    real.kill()
    edit_state(real, "a", lambda state: state.update(state="created", run=None, pid=None))
    agent = real.start()
    assert agent.task("a")["pid"] == pid
    assert len(real.programs("a")) == 1


def test_a_start_that_was_meant_and_never_made_is_made(real: Any, until: Callable[..., Any]) -> None:
    agent = real.start()
    agent.put_task("a", SLEEP)
    agent.stop("a")
    real.kill()
    (real.folder / "tasks/a/exit").unlink()
    edit_state(real, "a", lambda state: state.update(state="created", wanted="up", run=None))
    agent = real.start()
    until(lambda: agent.task("a")["state"] == "running")
    assert len(real.programs("a")) == 1


def test_a_change_that_the_agent_did_not_survive_is_finished(real: Any, until: Callable[..., Any]) -> None:
    agent = real.start()
    agent.put_task("a", SLEEP)
    real.kill()
    path = real.folder / "tasks/a/spec.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"args": ["1"]}))
    agent = real.start()
    until(lambda: [p.cmdline() for p in real.programs("a")] == [["sleep", "1000", "1"]])


@pytest.mark.parametrize(("policy", "state"), [("no", "exited"), ("on-failure", "running"), ("always", "running")])
def test_after_a_reboot_the_lost_are_reported_and_restarted_as_their_policy_says(
    real: Any, until: Callable[..., Any], policy: str, state: str
) -> None:
    agent = real.start()
    agent.put_task("a", {**SLEEP, "restart": {"policy": policy}})
    real.kill()
    for process in real.processes():
        process.kill()
    until(lambda: real.processes() == [])
    bystander = subprocess.Popen(["sleep", "1000"])
    try:
        # The pids are other programs' now.
        def reboot(state: dict[str, Any]) -> None:
            for process in (state["run"]["wrapper"], state["run"]["program"]):
                process.update(pid=bystander.pid, identity="another-boot/1")

        edit_state(real, "a", reboot)
        agent = real.start()
        until(lambda: agent.task("a")["state"] == state)
        ended = next(event for event in agent.events(task="a") if event["type"] == "exited")
        assert "lost" in ended["message"]
        assert ended["exit_code"] is None
        agent.delete("a")
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_killed_agent_and_wrapper_leave_a_program_that_is_still_the_task(
    real: Any, until: Callable[..., Any]
) -> None:
    agent = real.start()
    pid = agent.put_task("a", SERVICE)["pid"]
    real.kill()
    psutil.Process(pid).parent().kill()  # type: ignore[union-attr]
    agent = real.start()
    assert (agent.task("a")["state"], agent.task("a")["pid"]) == ("running", pid)
    agent.delete("a")
    assert real.processes() == []


def test_what_runs_for_an_unknown_task_is_killed(real: Any) -> None:
    agent = real.start()
    agent.put_task("a", SERVICE)
    real.kill()
    shutil.rmtree(real.folder / "tasks" / "a")
    agent = real.start()
    assert agent.tasks() == []
    assert real.processes() == []
    assert "not known" in real.log()


@pytest.mark.parametrize("garbage", ["", "{", "[]", '{"state": "flying"}', "\0" * 100])
def test_an_unreadable_state_is_put_aside_and_the_task_goes_on(real: Any, garbage: str) -> None:
    agent = real.start()
    pid = agent.put_task("a", SERVICE)["pid"]
    real.kill()
    (real.folder / "tasks/a/state.json").write_text(garbage)
    agent = real.start()
    assert agent.task("a")["pid"] == pid
    assert len(list((real.folder / "quarantine").iterdir())) == 1
    assert "put aside" in real.log()


def test_an_unreadable_spec_is_put_aside_with_all_that_ran_for_it(real: Any) -> None:
    agent = real.start()
    agent.put_task("a", SERVICE)
    agent.put_task("b", SERVICE)
    real.kill()
    (real.folder / "tasks/a/spec.json").write_text('{"command": []}')
    agent = real.start()
    assert [task["id"] for task in agent.tasks()] == ["b"]
    assert real.processes("a") == []
    assert len(real.programs("b")) == 1


def test_a_task_folder_deleted_by_hand_is_made_again(real: Any, until: Callable[..., Any]) -> None:
    agent = real.start()
    pid = agent.put_task("a", SERVICE)["pid"]
    shutil.rmtree(real.folder / "tasks" / "a")
    assert list(agent.logs("a")) == []
    os.kill(pid, signal.SIGKILL)
    until(lambda: agent.task("a")["state"] == "running" and agent.task("a")["restarts"] >= 1)
    real.kill()
    agent = real.start()
    assert agent.task("a")["state"] == "running"
    assert len(real.programs("a")) == 1


def test_a_deleted_log_is_no_fault(real: Any) -> None:
    agent = real.start()
    status = agent.put_task("a", SLEEP)
    Path(status["log"]).unlink()
    assert list(agent.logs("a")) == []
    assert agent.restart("a")["state"] == "running"
    assert Path(status["log"]).exists()


def test_a_second_agent_on_the_folder_is_refused(real: Any) -> None:
    agent = real.start()
    second = subprocess.run(
        [sys.executable, "-m", "obsiverse.agent", "--state", str(real.state), "--socket", f"{real.socket}2"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 3
    assert f"process {agent.health()['pid']}" in second.stderr


def test_only_its_user_can_reach_the_socket(real: Any) -> None:
    real.start()
    assert real.socket.stat().st_mode & 0o777 == 0o600
    assert real.socket.parent.stat().st_mode & 0o777 == 0o700


def test_a_socket_folder_open_to_others_is_refused(real: Any) -> None:
    real.socket.parent.mkdir(mode=0o700)
    real.socket.parent.chmod(0o777)
    with pytest.raises(AssertionError, match="alone"):
        real.start()


def test_sigterm_ends_the_agent_and_leaves_the_tasks(real: Any) -> None:
    agent = real.start()
    pid = agent.put_task("a", SERVICE)["pid"]
    real.process.terminate()
    assert real.process.wait(10) == 0
    assert [process.pid for process in real.programs("a")] == [pid]
    assert real.start().task("a")["pid"] == pid


def _ignoring_death(call: Callable[..., Any], *arguments: Any) -> None:
    with suppress(AgentUnreachable):
        call(*arguments)
