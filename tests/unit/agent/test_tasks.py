"""Tasks through the API of a real agent: what a user sees."""

from __future__ import annotations

import io
import json
import os
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from obsiverse_client import AgentClient, AgentError

from obsiverse.agent.environment import INHERITED

SLEEP = {"command": ["sleep", "1000"]}


def python(program: str, **more: Any) -> dict[str, Any]:
    return {"command": [sys.executable, "-c", program], **more}


def shell(program: str, **more: Any) -> dict[str, Any]:
    return {"command": ["sh", "-c", program], **more}


def texts(agent: AgentClient, task: str, **options: Any) -> list[str]:
    return [line for _, line in agent.logs(task, **options)]


def types(agent: AgentClient, task: str) -> list[str]:
    return [event["type"] for event in agent.events(task=task)]


def refused(call: Callable[..., Any], *arguments: Any, **options: Any) -> AgentError:
    with pytest.raises(AgentError) as caught:
        call(*arguments, **options)
    return caught.value


def test_the_pid_is_the_programs_own(agent: AgentClient) -> None:
    status = agent.put_task("a", SLEEP)
    program, deadline = psutil.Process(status["pid"]), time.monotonic() + 10
    # The wrapper's shell becomes the program, under the same pid.
    while program.cmdline() != ["sleep", "1000"]:
        assert time.monotonic() < deadline, program.cmdline()
        time.sleep(0.01)
    assert (status["state"], status["health"]) == ("running", "none")


def test_exit_codes_and_signals_are_kept(agent: AgentClient, kill9: Callable[[int], None]) -> None:
    agent.put_task("code", shell("exit 7"))
    assert (agent.wait("code", "exited")["exit_code"], agent.task("code")["signal"]) == (7, None)
    kill9(agent.put_task("killed", SLEEP)["pid"])
    status = agent.wait("killed", "exited")
    assert (status["exit_code"], status["signal"], status["oom_killed"]) == (137, "SIGKILL", False)


def test_put_is_idempotent_and_restarts_only_what_changed(agent: AgentClient) -> None:
    first = agent.put_task("a", SLEEP)
    assert agent.put_task("a", SLEEP)["pid"] == first["pid"]
    changed = agent.put_task("a", {**SLEEP, "env": {"A": "1"}})
    assert changed["pid"] != first["pid"]
    assert not psutil.pid_exists(first["pid"])
    assert changed["restarts"] == 0


def test_put_leaves_an_unchanged_task_that_ended_alone(agent: AgentClient) -> None:
    agent.put_task("a", shell("exit 1"))
    agent.wait("a", "exited")
    assert agent.put_task("a", shell("exit 1"))["state"] == "exited"


def test_nothing_leaks_into_the_environment_and_what_was_promised_is_there(
    real: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "leaks")
    monkeypatch.setenv("SSL_CERT_FILE", "/certificates.pem")
    agent = real.start()
    status = agent.put_task(
        "a",
        python(
            "import os, json; print(json.dumps(dict(os.environ)))",
            env={"MINE": "a b\n$(c) 'd'", "folder": "kept", "status": "kept"},
            ports=[{"container": 8080, "env": "PORT"}],
            paths={"/opt/ml": "BASE"},
        ),
    )
    agent.wait("a", "exited")
    seen = json.loads(texts(agent, "a")[0])
    assert seen["MINE"] == "a b\n$(c) 'd'"
    assert (seen["folder"], seen["status"]) == ("kept", "kept")
    assert seen["PORT"] == str(status["ports"][0]["host"])
    assert seen["BASE"] == f"{status['root']}/opt/ml"
    assert seen["OBSIVERSE_TASK"] == "a"
    assert seen["SSL_CERT_FILE"] == "/certificates.pem"
    # Python itself may add LC_CTYPE, and a /bin/sh that is bash adds _.
    promised = {*INHERITED, "OBSIVERSE_TASK", "OBSIVERSE_STATE_MARK", "LC_CTYPE", "_"}
    assert seen.keys() - promised == {"MINE", "folder", "status", "PORT", "BASE"}


def test_a_program_that_is_not_there_is_named_and_nothing_is_left(agent: AgentClient) -> None:
    for command in (["no-such-program"], ["/no/such/program"], ["./here"]):
        error = refused(agent.put_task, "a", {"command": command})
        assert (error.status, error.code) == (422, "start_failed")
        assert command[0] in error.message
    assert refused(agent.put_task, "a", {**SLEEP, "working_dir": "/no/such"}).code == "start_failed"
    assert agent.tasks() == []


def test_a_change_to_a_missing_program_leaves_the_old_one_running(agent: AgentClient) -> None:
    pid = agent.put_task("a", SLEEP)["pid"]
    assert refused(agent.put_task, "a", {"command": ["no-such-program"]}).code == "start_failed"
    status = agent.task("a")
    assert (status["pid"], status["spec"]["command"]) == (pid, ["sleep", "1000"])


def test_ports_are_kept_over_restarts_and_freed_by_deletion(agent: AgentClient) -> None:
    spec = {**SLEEP, "ports": [{"container": 8080, "env": "PORT"}]}
    port = agent.put_task("a", spec)["ports"][0]["host"]
    assert 20000 <= port <= 21999
    assert agent.restart("a")["ports"][0]["host"] == port
    assert agent.put_task("a", {**spec, "args": ["1"]})["ports"][0]["host"] == port
    assert agent.put_task("b", spec)["ports"][0]["host"] != port


def test_limits_are_answered_with_one_warning(agent: AgentClient) -> None:
    status = agent.put_task("a", {**SLEEP, "limits": {"cpus": 1.0, "memory_bytes": 1000, "gpus": 0}})
    assert "not enforced" in status["message"]
    assert "cpus, memory_bytes" in status["message"]
    assert agent.put_task("b", SLEEP)["message"] == ""


def test_templates_start_tasks_and_survive(real: Any) -> None:
    agent = real.start()
    agent.put_template("model", shell('echo "$A $B $*"', args=["0", "x"], env={"A": "1", "B": "1"}, labels={"k": "v"}))
    real.kill()
    agent = real.start()
    status = agent.put_task("a", {"template": "model", "env": {"B": "2"}, "labels": {"l": "w"}})
    assert status["spec"]["labels"] == {"k": "v", "l": "w"}
    agent.wait("a", "exited")
    assert texts(agent, "a") == ["1 2 x"]
    assert refused(agent.put_task, "b", {"template": "nobody"}).status == 404
    assert refused(agent.put_task, "b", {"template": "model", "command": ["sh"]}).code == "invalid_spec"


def test_tasks_are_found_by_all_their_labels(agent: AgentClient) -> None:
    agent.put_task("a", {**SLEEP, "labels": {"x": "1", "y": "1"}})
    agent.put_task("b", {**SLEEP, "labels": {"x": "1", "y": "a=b"}})
    assert [task["id"] for task in agent.tasks({"x": "1"})] == ["a", "b"]
    assert [task["id"] for task in agent.tasks({"x": "1", "y": "a=b"})] == ["b"]


def test_delete_forgets_all_and_is_idempotent(agent: AgentClient, alive: Callable[[int], bool]) -> None:
    status = agent.put_task("a", SLEEP)
    agent.delete("a")
    agent.delete("a")
    assert not alive(status["pid"])
    assert not os.path.exists(os.path.dirname(status["root"]))  # noqa: PTH110, PTH120
    assert refused(agent.task, "a").status == 404
    assert types(agent, "a") == ["created", "started", "exited", "stopped", "removed"]


def test_archives_go_in_before_the_task_exists_and_come_out(agent: AgentClient) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo("input/data.csv")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"1,2"))
    packed.seek(0)
    agent.put_archive("a", "/opt/ml", packed)
    agent.put_task("a", shell('mkdir "$B/model"; cp "$B/input/data.csv" "$B/model/out"', paths={"/opt/ml": "B"}))
    agent.wait("a", "exited")
    with agent.get_archive("a", "/opt/ml/model") as got, tarfile.open(fileobj=got, mode="r|") as tar:
        assert [(member.name, tar.extractfile(member).read()) for member in tar] == [("out", b"1,2")]  # type: ignore[union-attr]
    assert refused(agent.get_archive, "a", "/opt/none").status == 404
    assert refused(agent.put_archive, "a", "/../..", packed.getvalue()).code == "invalid_spec"
    assert refused(agent.put_archive, "a", "/opt", b"x" * 3_000_000).code == "invalid_spec"


def test_wait_times_out_saying_what_is_the_case(agent: AgentClient) -> None:
    agent.put_task("a", SLEEP)
    error = refused(agent.wait, "a", "exited", 0.1)
    assert (error.status, error.code) == (408, "timeout")
    assert "running" in error.message


def test_wait_for_healthy_returns_at_once_for_one_that_exited(agent: AgentClient) -> None:
    check = {"tcp": {"port": 1}, "interval": 30}
    agent.put_task("a", shell("exit 3", health=check))
    assert agent.wait("a", "healthy", 20)["exit_code"] == 3


def test_wait_notices_a_deletion(agent: AgentClient) -> None:
    agent.put_task("a", SLEEP)
    threading.Timer(0.2, agent.delete, ["a"]).start()
    try:
        agent.wait("a", "exited", 20)
    except AgentError as error:
        assert error.status == 404


def test_logs_follow_a_task_to_its_end(agent: AgentClient) -> None:
    agent.put_task("a", shell("for n in 1 2 3; do echo $n; sleep 0.1; done; printf end"))
    assert texts(agent, "a", follow=True) == ["1", "2", "3", "end"]
    assert texts(agent, "a", tail=2) == ["3", "end"]


def test_a_flood_of_output_costs_the_agent_no_memory_and_is_rotated(
    agent: AgentClient, until: Callable[..., Any]
) -> None:
    own = psutil.Process(agent.health()["pid"])
    before = own.memory_info().rss
    status = agent.put_task(
        "a",
        python(
            "import sys, time\nfor _ in range(40): sys.stdout.write(('x' * 99 + chr(10)) * 50_000); time.sleep(0.05)",
            logging={"max_size_bytes": 1_000_000, "max_files": 2},
        ),
    )
    follower = agent.logs("a", follow=True)
    assert sum(1 for _ in follower) > 1000
    until(lambda: os.path.getsize(status["log"]) <= 1_000_000)  # noqa: PTH202
    assert own.memory_info().rss - before < 40_000_000


def test_events_can_be_followed(agent: AgentClient) -> None:
    follower = agent.events(follow=True, task="a")
    agent.put_task("b", shell("exit 0"))
    agent.put_task("a", shell("exit 4", labels={"k": "v"}))
    seen = [next(follower) for _ in range(3)]
    assert [event["type"] for event in seen] == ["created", "started", "exited"]
    assert (seen[2]["exit_code"], seen[2]["labels"]) == (4, {"k": "v"})


def test_stats_cover_all_processes_of_a_task(agent: AgentClient, until: Callable[..., Any]) -> None:
    agent.put_task("busy", shell("sleep 1000 & while :; do :; done"))
    agent.put_task("idle", SLEEP)
    agent.all_stats()
    busy = until(lambda: (found := agent.stats("busy"))["cpu_percent"] > 5 and found)
    assert busy["processes"] >= 3
    assert busy["rss_bytes"] > 1_000_000
    agent.stop("busy")
    assert agent.stats("busy") == {"cpu_percent": 0.0, "rss_bytes": 0, "processes": 0}
    assert list(agent.all_stats()) == ["idle"]


def test_calls_at_once_on_one_task_take_turns(agent: AgentClient, real: Any) -> None:
    specs = [{**SLEEP, "env": {"N": str(number)}} for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda spec: agent.put_task("a", spec), specs))
    assert len(real.programs("a")) == 1
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda n: (agent.stop("a"), agent.start("a"))[n % 2], range(12)))
    agent.start("a")
    assert len(real.programs("a")) == 1
    assert agent.task("a")["pid"] == real.programs("a")[0].pid


@pytest.mark.parametrize(
    ("method", "path", "value", "status", "code"),
    [
        ("GET", "/tasks/nobody", None, 404, "not_found"),
        ("GET", "/nowhere", None, 404, "not_found"),
        ("PUT", "/tasks/a%2Fb", {"command": ["true"]}, 404, "not_found"),
        ("PUT", "/tasks/-a", {"command": ["true"]}, 400, "invalid_spec"),
        ("PUT", "/tasks/a", [], 400, "invalid_spec"),
        ("PUT", "/tasks/a", {"command": ["true"], "x": 1}, 400, "invalid_spec"),
        ("POST", "/tasks/a/stop", [], 400, "invalid_spec"),
        ("POST", "/tasks/a/stop", {"grace": -1}, 400, "invalid_spec"),
        ("POST", "/tasks/a/signal", {"signal": "SIGNOPE"}, 400, "invalid_spec"),
        ("POST", "/tasks/nobody/stop", {}, 404, "not_found"),
        ("POST", "/tasks/a/wait", {"for": "love"}, 400, "invalid_spec"),
        ("GET", "/tasks?label=x", None, 400, "invalid_spec"),
        ("GET", "/events?since=yesterday", None, 400, "invalid_spec"),
    ],
)
def test_a_wrong_call_is_refused_in_the_apis_words(
    agent: AgentClient, method: str, path: str, value: Any, status: int, code: str
) -> None:
    error = refused(agent._connector.json, method, path, value, timeout=10)
    assert (error.status, error.code) == (status, code)


def test_a_signal_to_what_does_not_run_is_a_conflict(agent: AgentClient) -> None:
    agent.put_task("a", shell("exit 0"))
    agent.wait("a", "exited")
    assert refused(agent.signal, "a", "SIGHUP").code == "conflict"


def test_shutdown_stops_all_tasks_and_removes_the_socket(agent: AgentClient, real: Any) -> None:
    for number in range(8):
        agent.put_task(str(number), {**SLEEP, "restart": {"policy": "always"}})
    follower = agent.events(follow=True)
    agent.shutdown()
    assert real.process.wait(10) == 0
    assert real.processes() == []
    assert not real.socket.exists()
    assert [event["type"] for event in follower].count("stopped") == 8
