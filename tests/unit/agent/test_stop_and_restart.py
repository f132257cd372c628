"""How tasks are stopped, checked and started again by a real agent."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import psutil
import pytest
from obsiverse_client import AgentClient, AgentError

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


def test_a_signal_reaches_the_program_with_its_default_action(agent: AgentClient) -> None:
    for name in ("SIGINT", "SIGQUIT", "SIGHUP", "SIGPIPE"):
        agent.put_task(name, SLEEP)
        agent.signal(name, name)
        assert agent.wait(name, "exited")["signal"] == name


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"])
def test_stop_sends_the_stop_signal_and_keeps_the_status(agent: AgentClient, signal: str) -> None:
    agent.put_task("a", {**SLEEP, "stop_signal": signal, "restart": {"policy": "always"}})
    status = agent.stop("a")
    assert (status["state"], status["signal"], status["pid"]) == ("stopped", signal, None)
    assert texts(agent, "a") == [], "the wrapper's shell has put its own words into the log"


def test_a_graceful_end_gives_its_own_exit_code(agent: AgentClient) -> None:
    agent.put_task(
        "a",
        python(
            "import signal, sys\ndef bye(*_): print('bye'); sys.exit(5)\n"
            "signal.signal(15, bye); print('up', flush=True); signal.pause()"
        ),
    )
    follower = agent.logs("a", follow=True)
    assert next(follower)[1] == "up"
    assert agent.stop("a")["exit_code"] == 5
    assert [line for _, line in follower] == ["bye"]


def test_what_ignores_the_stop_signal_is_killed_after_its_grace(agent: AgentClient) -> None:
    agent.put_task(
        "a", python("import signal; signal.signal(15, signal.SIG_IGN); print(1, flush=True); signal.pause()")
    )
    next(agent.logs("a", follow=True))
    status = agent.stop("a", grace=0.2)
    assert (status["signal"], status["oom_killed"]) == ("SIGKILL", False)


STRAY = (
    "import os, subprocess, sys\n"
    "env = {} if 'bare' in sys.argv else None\n"
    "p = subprocess.Popen(['sleep', '1000'], start_new_session=True, env=env, executable='/bin/sleep')\n"
    "print(p.pid, flush=True)\n"
)


def test_children_that_left_the_group_die_with_the_task(agent: AgentClient, alive: Callable[[int], bool]) -> None:
    agent.put_task("marked", python(STRAY + "import time; time.sleep(1000)"))
    agent.put_task("bare", python(STRAY + "import time; time.sleep(1000)", args=["bare"]))
    pids = {task: int(next(agent.logs(task, follow=True))[1]) for task in ("marked", "bare")}
    assert all(map(alive, pids.values()))
    for task in pids:
        agent.stop(task)
    assert not any(map(alive, pids.values()))


def test_children_that_outlive_the_main_process_are_killed(agent: AgentClient, alive: Callable[[int], bool]) -> None:
    agent.put_task("session", python(STRAY))
    agent.put_task("group", shell("sleep 1000 & echo $!"))
    for task in ("session", "group"):
        assert agent.wait(task, "exited")["exit_code"] == 0
        assert not alive(int(texts(agent, task)[0]))


def test_a_wrapper_killed_from_outside_does_not_end_the_task(agent: AgentClient, alive: Callable[[int], bool]) -> None:
    pid = agent.put_task("a", SLEEP)["pid"]
    psutil.Process(pid).parent().kill()  # type: ignore[union-attr]
    time.sleep(0.3)
    assert agent.task("a")["state"] == "running"
    assert agent.stop("a")["state"] == "stopped"
    assert not alive(pid)


def test_a_failing_task_restarts_with_growing_pauses(agent: AgentClient, until: Callable[..., Any]) -> None:
    agent.put_task("a", shell("exit 1", restart={"policy": "always"}))
    until(lambda: agent.task("a")["restarts"] >= 4)
    events = list(agent.events(task="a"))
    pauses = [event["message"] for event in events if event["type"] == "restarting"]
    assert pauses[:4] == ["in 0.1 s", "in 0.2 s", "in 0.4 s", "in 0.8 s"]
    starts = [event["time"] for event in events if event["type"] == "started"]
    gaps = [after - before for before, after in pairwise(starts)]
    assert all(gap >= pause for gap, pause in zip(gaps, (0.1, 0.2, 0.4, 0.8), strict=False))
    assert agent.stop("a")["state"] == "stopped"


def test_on_failure_gives_up_after_max_retries(agent: AgentClient) -> None:
    agent.put_task("a", shell("exit 1", restart={"policy": "on-failure", "max_retries": 2}))
    status = agent.wait("a", "exited")
    assert (status["restarts"], status["exit_code"]) == (2, 1)
    agent.put_task("b", shell("exit 0", restart={"policy": "on-failure"}))
    assert agent.wait("b", "exited")["restarts"] == 0


HTTP = (
    "import http.server, os, signal\n"
    "class H(http.server.BaseHTTPRequestHandler):\n"
    "    good = True\n"
    "    def do_GET(self): self.send_response(200 if H.good else 500); self.end_headers()\n"
    "    def log_message(self, *a): pass\n"
    "signal.signal(signal.SIGUSR1, lambda *a: setattr(H, 'good', False))\n"
    "http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n"
)


SERVICE = python(
    HTTP,
    ports=[{"container": 8080, "env": "PORT"}],
    health={"http": {"port": 8080, "path": "/ping"}, "interval": 0.2, "retries": 2, "timeout": 5},
    stop_grace=2,
)


def test_health_checks_use_the_hosts_port_of_a_container_port(agent: AgentClient) -> None:
    assert agent.put_task("a", SERVICE)["health"] == "starting"
    status = agent.wait("a", "healthy", 20)
    assert status["health"] == "healthy"
    assert status["healthy_at"] >= status["started_at"]


def test_an_unhealthy_task_is_reported_and_restarted_only_where_its_policy_says(
    agent: AgentClient, until: Callable[..., Any]
) -> None:
    agent.put_task("stays", SERVICE)
    agent.put_task("replaced", {**SERVICE, "restart": {"policy": "always"}})
    for task in ("stays", "replaced"):
        agent.wait(task, "healthy", 20)
        agent.signal(task, "SIGUSR1")
    until(lambda: agent.task("stays")["health"] == "unhealthy")
    assert "500" in agent.task("stays")["message"]
    until(lambda: agent.task("replaced")["restarts"] == 1)
    assert agent.wait("replaced", "healthy", 20)["health"] == "healthy"
    assert agent.task("stays")["restarts"] == 0


def test_command_checks_run_in_the_tasks_environment(agent: AgentClient) -> None:
    check = {"test": ["CMD-SHELL", 'test "$A" = b && test -f here'], "interval": 0.2}
    agent.put_task("a", shell("touch here; sleep 1000", env={"A": "b"}, health=check))
    assert agent.wait("a", "healthy", 20)["health"] == "healthy"


def test_a_check_that_hangs_is_killed(agent: AgentClient, until: Callable[..., Any]) -> None:
    check = {"test": ["CMD", "sleep", "999"], "interval": 0.1, "timeout": 0.2, "retries": 1}
    agent.put_task("a", {**SLEEP, "health": check})
    until(lambda: agent.task("a")["health"] == "unhealthy")
    assert "0.2 s" in agent.task("a")["message"]
    agent.delete("a")
    assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "999"]]
