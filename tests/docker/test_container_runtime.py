"""The agent's container runtime against a real engine: tasks like a template that Compose made."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import DockerException
from obsiverse_client import AgentClient, AgentError, AgentUnreachable

pytestmark = pytest.mark.timeout(300)
PROJECT = f"obsiverse-test-{os.getpid()}"
IMAGE = f"{PROJECT}-image"
DOCKERFILE = """
FROM python:3.13-slim
RUN mkdir -p /opt/ml && chown 10001 /opt/ml
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["python", "-u", "-c"]
CMD ["print(1)"]
"""
SERVE = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"pong")
    def log_message(self, *_): pass
print("serving", flush=True)
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def engine() -> Any:
    try:
        client = docker.from_env(version="auto")
        client.images.get("python:3.13-slim")
    except DockerException as error:
        pytest.skip(f"no Docker engine with python:3.13-slim: {error}")
    return client


@pytest.fixture(scope="module")
def template(engine: Any) -> Iterator[Any]:
    """The container of a template, as Compose would have made it: it has ended."""
    dockerfile = DOCKERFILE.encode()
    engine.images.build(fileobj=io.BytesIO(dockerfile), tag=IMAGE, rm=True)
    network = engine.networks.create(f"{PROJECT}_default")
    made = engine.containers.run(
        IMAGE,
        entrypoint=["true"],
        command=[],
        name=f"{PROJECT}-model-1",
        detach=True,
        network=network.name,
        environment={"FROM_TEMPLATE": "1"},
        mem_limit="256m",
        init=True,
        labels={
            "com.docker.compose.project": PROJECT,
            "obsiverse.template": "model",
            "obsiverse.health": "8080/ping",
            "team": "a",
        },
    )
    made.wait()
    yield made
    for container in engine.containers.list(
        all=True, ignore_removed=True, filters={"label": f"obsiverse.agent={PROJECT}"}
    ):
        container.remove(force=True)
    made.remove(force=True)
    network.remove()
    engine.images.remove(IMAGE, force=True)


class Agent:
    """The agent's process, as the agent's container runs it."""

    def __init__(self, state: Path, engine: Any) -> None:
        self.state, self.socket, self.engine = state, state / "agent.sock", engine
        self.client = AgentClient(f"unix://{self.socket}")
        self.start()

    def start(self) -> None:
        command = ["-m", "obsiverse.agent", "--state", self.state, "--socket", self.socket, "--containers", PROJECT]
        self.process = subprocess.Popen([sys.executable, *map(str, command)])
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None
        try:
            return self.client.health()["pid"] == self.process.pid
        except AgentUnreachable:
            return False

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(60)

    def put(self, task: str, program: str, **fields: Any) -> dict[str, Any]:
        return self.client.put_task(task, {"template": "model", "args": [program], **fields})

    def lines(self, task: str) -> list[str]:
        return [line for _, line in self.client.logs(task)]

    def container(self, task: str) -> Any:
        return self.engine.containers.get(self.client.task(task)["container"])

    def containers(self) -> list[Any]:
        return self.engine.containers.list(
            all=True, ignore_removed=True, filters={"label": f"obsiverse.agent={PROJECT}"}
        )


@pytest.fixture
def agent(tmp_path: Path, engine: Any, template: Any) -> Iterator[Agent]:
    running = Agent(tmp_path, engine)
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGTERM)
    assert running.containers() == []


def until(condition: Callable[[], Any], within: float = 30) -> Any:
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.05)
    return found


def tar_of(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


NO_CHECK = {"test": ["NONE"]}


def test_a_task_is_a_container_like_its_template(agent: Agent) -> None:
    agent.put("serving", SERVE, env={"OWN": "2"}, labels={"obsiverse.arn": "x"})
    status = agent.client.wait("serving", "healthy", 60)
    assert (status["state"], status["health"]) == ("running", "healthy")
    found = agent.container("serving").attrs
    assert {"FROM_TEMPLATE=1", "OWN=2", "OBSIVERSE_TASK=serving"} <= set(found["Config"]["Env"])
    assert found["HostConfig"]["Memory"] == 256 * 2**20
    assert found["HostConfig"]["RestartPolicy"]["Name"] == "no"
    assert found["Config"]["User"] == "10001:10001"
    assert found["Config"]["Labels"]["team"] == "a"
    assert found["Config"]["Labels"]["obsiverse.arn"] == "x"
    assert not any(name.startswith("com.docker.compose") for name in found["Config"]["Labels"])
    assert not found["HostConfig"]["PortBindings"]
    assert status["hostname"] in found["NetworkSettings"]["Networks"][f"{PROJECT}_default"]["Aliases"]
    assert status["ports"] == [{"container": 8080, "host": 8080}]
    assert status["pid"] == found["State"]["Pid"]


def test_an_end_has_its_code_and_all_it_printed(agent: Agent) -> None:
    agent.put("ends", "import sys; [print(i) for i in range(5000)]; sys.exit(7)", health=NO_CHECK)
    status = agent.client.wait("ends", "exited", 60)
    assert (status["state"], status["exit_code"], status["oom_killed"]) == ("exited", 7, False)
    assert agent.lines("ends") == [str(i) for i in range(5000)]


def test_too_much_memory_is_said_as_such(agent: Agent) -> None:
    limits = {"memory_bytes": 32 * 2**20}
    agent.put("eats", "x = bytearray(200 * 2**20); print(len(x))", health=NO_CHECK, limits=limits)
    status = agent.client.wait("eats", "exited", 60)
    assert (status["exit_code"], status["signal"], status["oom_killed"]) == (137, "SIGKILL", True)


def test_files_go_in_before_it_starts_and_come_out_after_it_ended(agent: Agent) -> None:
    agent.client.put_archive("trains", "/opt/ml/input/data/train", tar_of(**{"a.csv": b"1,2\n"}))
    program = (
        "import pathlib, os; rows = pathlib.Path('/opt/ml/input/data/train/a.csv').read_text();"
        "out = pathlib.Path('/opt/ml/model/sub'); out.mkdir(parents=True); (out / 'm.bin').write_text(rows * 2);"
        "os.symlink('m.bin', out / 'latest')"
    )
    agent.put("trains", program, health=NO_CHECK)
    status = agent.client.wait("trains", "exited", 60)
    assert status["exit_code"] == 0, agent.lines("trains")
    with (
        agent.client.get_archive("trains", "/opt/ml/model") as answer,
        tarfile.open(fileobj=io.BytesIO(answer.read())) as tar,
    ):
        found = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
    assert found == {"sub/m.bin": b"1,2\n1,2\n", "sub/latest": b"1,2\n1,2\n"}


def test_files_reach_a_running_task(agent: Agent) -> None:
    agent.put("waits", "import time; time.sleep(600)", health=NO_CHECK)
    agent.client.put_archive("waits", "/opt/ml/model", tar_of(w=b"weights"))
    code, output = agent.container("waits").exec_run(["cat", "/opt/ml/model/w"])
    assert (code, output) == (0, b"weights")


COUNT_RUNS = """
import pathlib, sys, time
file = pathlib.Path("/opt/ml/runs")
runs = int(file.read_text()) if file.exists() else 0
file.write_text(str(runs + 1))
print("run", runs)
time.sleep(600) if runs == 3 else sys.exit(1)
"""


def test_one_that_ends_is_restarted_in_its_own_container(agent: Agent) -> None:
    agent.put("again", COUNT_RUNS, health=NO_CHECK, restart={"policy": "always"})
    until(lambda: "run 3" in agent.lines("again"))
    assert agent.lines("again") == ["run 0", "run 1", "run 2", "run 3"]
    status = agent.client.task("again")
    assert (status["state"], status["restarts"]) == ("running", 3)
    assert len(agent.containers()) == 1


def test_a_killed_agent_s_successor_goes_on_and_loses_no_line(agent: Agent) -> None:
    program = "import time\nfor i in range(100000):\n print(i, flush=True); time.sleep(.01)"
    agent.put("counts", program, health=NO_CHECK)
    agent.put("brief", "import time; time.sleep(1); raise SystemExit(5)", health=NO_CHECK)
    before = agent.client.task("counts")
    until(lambda: len(agent.lines("counts")) > 50)
    agent.end(signal.SIGKILL)
    brief = agent.engine.containers.get(f"{PROJECT}-task-brief")
    brief.wait()
    agent.start()
    assert agent.client.task("counts")["pid"] == before["pid"]
    assert agent.client.task("brief")["exit_code"] == 5
    seen = len(agent.lines("counts"))
    until(lambda: len(agent.lines("counts")) > seen + 50)
    lines = agent.lines("counts")
    assert lines == [str(i) for i in range(len(lines))]


def test_a_killed_container_is_restarted(agent: Agent) -> None:
    agent.put("serving", SERVE, restart={"policy": "always"})
    pid = agent.client.wait("serving", "healthy", 60)["pid"]
    os.kill(pid, signal.SIGKILL)
    again = until(lambda: (s := agent.client.task("serving"))["health"] == "healthy" and s["pid"] != pid and s)
    assert again["restarts"] == 1


def test_delete_and_the_agents_end_leave_no_container(agent: Agent) -> None:
    agent.put("one", SERVE)
    agent.put("two", "import signal, time; signal.signal(15, lambda *a: exit(0)); time.sleep(600)", health=NO_CHECK)
    agent.client.delete("one")
    assert [container.name for container in agent.containers()] == [f"{PROJECT}-task-two"]
    agent.end(signal.SIGTERM)
    assert agent.containers() == []
    agent.start()
    assert agent.client.tasks() == []


def test_containers_that_no_task_is_known_for_are_removed(agent: Agent) -> None:
    agent.end(signal.SIGKILL)
    labels = {"obsiverse.agent": PROJECT, "obsiverse.task": "stranger"}
    agent.engine.containers.run(IMAGE, ["import time; time.sleep(600)"], detach=True, labels=labels)
    agent.start()
    assert agent.containers() == []


def test_nothing_but_templates_can_be_started(agent: Agent) -> None:
    for attempt in (
        {"image": IMAGE, "command": ["sh"]},
        {"template": "model", "container": {"image_id": "x", "networks": ["host"]}},
        {"template": "model", "command": ["sh"]},
    ):
        with pytest.raises(AgentError) as caught:
            agent.client.put_task("escapes", attempt)
        assert (caught.value.status, caught.value.code) == (400, "invalid_spec")
    with pytest.raises(AgentError):
        agent.client.put_template("own", {"command": ["sh"]})
    with pytest.raises(AgentError) as caught:
        agent.client.put_task("none", {"template": "nothing"})
    assert (caught.value.code, str(caught.value)) == ("not_found", "there is no template nothing. There are: model.")
    assert agent.containers() == []


def test_a_template_that_was_removed_is_remembered(agent: Agent, template: Any) -> None:
    assert list(agent.client.templates()) == ["model"]
    config = json.loads((agent.state / "agent" / "templates" / "model.json").read_text())
    assert config["container"]["networks"] == [f"{PROJECT}_default"]


def test_stats_are_the_containers(agent: Agent) -> None:
    agent.put("busy", "while True: pass", health=NO_CHECK)
    until(lambda: agent.client.stats("busy")["cpu_percent"] > 10)
    stats = agent.client.stats("busy")
    assert stats["rss_bytes"] > 1_000_000
    assert stats["processes"] >= 1
