"""The command line on a real engine: what comes up, and what is said where something can't."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingMixIn, UnixStreamServer

import pytest

from obsiverse.engine.docker import address
from obsiverse.engine.errors import EngineError
from tests.docker.conftest import TinyStack

pytestmark = pytest.mark.timeout(300)
SERVER = "[python, -m, http.server, '80']"
CHECK = "{test: [CMD, python, -c, \"import urllib.request as u; u.urlopen('http://127.0.0.1:80')\"], interval: 1s, retries: 3}"
TWO = f"""
    services:
      back: {{image: "python:3.13-slim", init: true, command: {SERVER}, ports: ["127.0.0.1:<port>:80"], healthcheck: {CHECK}}}
      front:
        image: python:3.13-slim
        init: true
        command: [sleep, "600"]
        depends_on: {{back: {{condition: service_healthy}}}}
        volumes: ["data:/data"]
    volumes: {{data: {{}}}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_services_come_up_and_go(tiny):
    port = free_port()
    tiny.write(TWO, port=port)
    up = tiny.run("up")
    assert up.returncode == 0, up.stderr
    assert f"http://127.0.0.1:{port}" in up.stdout
    rows = tiny.rows()
    assert {name: (row["state"], row["health"]) for name, row in rows.items()} == {
        "back": ("running", "healthy"),
        "front": ("running", "none"),
    }
    assert rows["back"]["ports"] == [port]
    assert rows["back"]["pid"] > 0
    assert len(rows["back"]["container"]) == 12
    assert rows["back"]["rss_bytes"] > 1_000_000
    before = {name: row["pid"] for name, row in rows.items()}
    again = tiny.run("up")
    assert "already up" in again.stdout
    assert {name: row["pid"] for name, row in tiny.rows().items()} == before
    assert tiny.run("exec", "front", "cat", "/etc/hostname").stdout.strip() == rows["front"]["container"]
    assert tiny.run("down").stderr.endswith("Stopped.\n")
    assert (tiny.left(), len(tiny.volumes())) == ([], 1)
    assert tiny.run("down").stderr == "Nothing was running.\n"
    assert tiny.run("down", "-v").returncode == 0
    assert tiny.volumes() == []


def test_only_the_named_service_and_what_it_needs_starts(tiny):
    tiny.write(TWO, port=free_port())
    assert tiny.run("up", "back").returncode == 0
    assert list(tiny.rows()) == ["back"]


def test_a_one_shots_lines_are_shown_and_its_end_is_waited_for(tiny):
    tiny.write("""
        services:
          once:
            image: python:3.13-slim
            command: [sh, -c, "echo one; sleep 1; echo two"]
            labels: {obsiverse.oneshot: "true"}
    """)
    for _ in range(2):
        up = tiny.run("up")
        assert up.returncode == 0, up.stderr
        lines = [line.partition("│ ")[2] for line in up.stderr.splitlines() if "│" in line]
        assert lines == ["one", "two"]
    assert [line["line"] for line in json.loads(tiny.run("logs", "once", "--tail", "1", "--json").stdout)] == ["two"]
    assert tiny.run("up", "--no-scenario").returncode == 0


@pytest.mark.parametrize("policy", ["'no'", "unless-stopped"])
def test_a_service_that_ends_is_named_with_its_code_and_last_lines(tiny, policy):
    tiny.write(
        """
        services:
          good: {image: "python:3.13-slim", init: true, command: [sleep, "600"]}
          bad: {image: "python:3.13-slim", restart: <policy>, command: [sh, -c, "seq 30; echo no such table; exit 3"]}
        """,
        policy=policy,
    )
    up = tiny.run("up")
    assert up.returncode == 1
    assert "error: bad exited with code 3" in up.stderr
    assert "no such table" in up.stderr
    assert "│ 12\n" in up.stderr
    assert "│ 11\n" not in up.stderr
    assert tiny.left() == []


def test_a_service_that_stays_unhealthy_fails(tiny):
    tiny.write("""
        services:
          sick:
            image: python:3.13-slim
            init: true
            command: [sh, -c, "echo here; sleep 600"]
            healthcheck: {test: [CMD, "false"], interval: 1s, retries: 2}
    """)
    up = tiny.run("up")
    assert up.returncode == 1
    assert "error: sick is unhealthy: its health check keeps failing" in up.stderr
    assert "here" in up.stderr
    assert tiny.left() == []


def test_one_that_is_late_is_named(tiny):
    tiny.write("""
        services:
          late:
            image: python:3.13-slim
            init: true
            command: [sleep, "600"]
            healthcheck: {test: [CMD, "false"], interval: 60s}
    """)
    up = tiny.run("up", "--timeout", "3")
    assert up.returncode == 1
    assert "error: late was not healthy in time" in up.stderr
    assert "--timeout" in up.stderr
    assert tiny.left() == []


def test_one_that_needs_more_memory_than_it_may_have_is_said_so(tiny):
    tiny.write("""
        services:
          eats:
            image: python:3.13-slim
            command: [python, -c, "x = bytearray(10**9); print(len(x))"]
            deploy: {resources: {limits: {memory: 32M}}}
    """)
    up = tiny.run("up")
    assert up.returncode == 1
    assert "error: eats was killed: it needed more memory" in up.stderr
    assert tiny.left() == []


def test_images_are_built_where_they_are_missing_and_when_asked(tiny, engine):
    image = f"{tiny.project}-own"
    context = tiny.folder / "context"
    context.mkdir()
    tiny.write("services: {own: {image: <image>, build: ./context, labels: {obsiverse.oneshot: 'true'}}}", image=image)

    def says(*arguments: str) -> str:
        up = tiny.run("up", *arguments)
        assert up.returncode == 0, up.stderr
        return up.stderr

    def write(word: str) -> None:
        (context / "Dockerfile").write_text(f'FROM python:3.13-slim\nCMD ["echo", "{word}"]\n')

    try:
        write("first")
        first = says()
        assert "own: getting (building)" in first
        assert "│ first" in first
        write("second")
        assert "│ first" in says()
        assert "│ second" in says("--build")
        (context / "Dockerfile").write_text("FROM python:3.13-slim\nRUN echo no such package; exit 7\n")
        failed = tiny.run("up", "--build")
        assert failed.returncode == 1
        assert "docker compose build failed" in failed.stderr
        assert "no such package" in failed.stderr
    finally:
        tiny.run("down")
        engine.images.remove(image, force=True)


def test_an_image_that_can_not_be_had_is_named(tiny):
    tiny.write("services: {none: {image: 'registry.invalid/no/such:1', command: [x]}}")
    up = tiny.run("up")
    assert up.returncode == 1
    assert "registry.invalid" in up.stderr
    assert "Traceback" not in up.stderr
    assert tiny.left() == []


def test_a_program_that_is_not_in_the_image_is_said(tiny):
    tiny.write("services: {none: {image: 'python:3.13-slim', command: [no-such-program]}}")
    up = tiny.run("up")
    assert up.returncode == 1
    assert "no-such-program" in up.stderr
    assert tiny.left() == []


def test_a_gpu_that_the_engine_can_not_give_is_said(tiny, engine):
    if "nvidia" in engine.info()["Runtimes"]:
        pytest.skip("this engine can")
    device = "{driver: nvidia, count: all, capabilities: [gpu]}"
    tiny.write(
        "services: {gpu: {image: 'python:3.13-slim', command: ['true'], deploy: {resources: {reservations: {devices: [<device>]}}}}}",
        device=device,
    )
    up = tiny.run("up")
    assert up.returncode == 1
    assert "the Docker engine can't give GPUs to containers" in up.stderr
    assert "NVIDIA container toolkit" in up.stderr
    assert tiny.left() == []


def test_a_taken_port_is_named_before_anything_starts(tiny):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        tiny.write(TWO, port=port)
        up = tiny.run("up")
    assert up.returncode == 1
    assert f"port {port}, which back needs, is held by process {os.getpid()}" in up.stderr
    assert tiny.left() == []


def test_a_failure_keeps_what_ran_before(tiny):
    good = "good: {image: 'python:3.13-slim', init: true, command: [sleep, '600']}"
    tiny.write(f"services: {{{good}}}")
    assert tiny.run("up").returncode == 0
    pid = tiny.rows()["good"]["pid"]
    tiny.write(f"services: {{{good}, bad: {{image: 'python:3.13-slim', command: ['false']}}}}")
    assert tiny.run("up").returncode == 1
    assert {name: row["pid"] for name, row in tiny.rows().items()} == {"good": pid}


@pytest.mark.parametrize("seed", range(4))
def test_an_interrupt_at_any_moment_leaves_nothing(tiny, seed):
    tiny.write(TWO, port=free_port())
    up = tiny.start("up")
    try:
        up.wait(random.Random(seed).uniform(0.2, 4.0))
    except Exception:  # noqa: BLE001 - it runs on, as is meant
        os.killpg(up.pid, signal.SIGINT)
    _, said = up.communicate(timeout=60)
    # Python that is ending, with all done, dies by the signal itself.
    done = up.returncode == 0 or (up.returncode == -signal.SIGINT and "front: running" in said)
    if not done:
        assert up.returncode == 130, said
        assert "Traceback" not in said
        assert tiny.left() == []


def test_two_checkouts_side_by_side_are_apart(tiny, tmp_path, engine):
    other = TinyStack(tmp_path / "another", engine)
    for stack in (tiny, other):
        stack.write(TWO, port=free_port())
    try:
        assert tiny.run("up").returncode == 0
        assert other.run("up").returncode == 0
        assert tiny.project != other.project
        assert tiny.run("down", "-v").returncode == 0
        assert set(other.rows()) == {"back", "front"}
        assert all(row["state"] == "running" for row in other.rows().values())
    finally:
        other.run("down", "-v")
    assert other.left() == []


def test_a_users_own_override_counts(tiny):
    tiny.write(TWO, port=free_port())
    override = tiny.folder / "mine.yaml"
    override.write_text("services: {front: {environment: {MINE: 'yes'}, cap_add: [NET_ADMIN]}}\n")
    # Docker knows more keys than both of ours honour, and a file with one of those is refused before anything starts.
    refused = tiny.run("-f", override, "up")
    assert refused.returncode == 1
    assert "cap_add" in refused.stderr
    override.write_text("services: {front: {environment: {MINE: 'yes'}}}\n")
    assert tiny.run("-f", override, "up").returncode == 0
    assert tiny.run("exec", "front", "printenv", "MINE").stdout == "yes\n"


def test_down_needs_no_compose_file_that_can_be_read(tiny):
    tiny.write(TWO, port=free_port())
    assert tiny.run("up").returncode == 0
    tiny.file.write_text("services: [")
    down = tiny.run("down", "-v")
    assert down.returncode == 0, down.stderr
    assert (tiny.left(), tiny.volumes()) == ([], [])


def test_what_a_killed_agent_left_goes_with_the_stack(tiny, engine):
    tiny.write(TWO, port=free_port())
    assert tiny.run("up").returncode == 0
    labels = {"obsiverse.agent": tiny.project, "obsiverse.task": "left"}
    name, network = f"{tiny.project}-task-left", f"{tiny.project}_default"
    engine.containers.run("python:3.13-slim", ["sleep", "600"], name=name, labels=labels, network=network, detach=True)
    assert tiny.run("down").returncode == 0
    assert tiny.left() == []


def test_ps_has_the_same_fields_as_natively(tiny):
    tiny.write(
        "services: {a: {image: 'python:3.13-slim', init: true, command: [sleep, '600'], x-native: {command: [sleep, '600']}}}"
    )
    assert tiny.run("up").returncode == 0
    in_docker = tiny.rows()["a"]
    assert tiny.run("up", "--engine", "native").returncode == 1
    assert tiny.run("down").returncode == 0
    assert tiny.run("up", OBSIVERSE_ENGINE="native").returncode == 0
    refused = tiny.run("up", "--engine", "docker")
    assert "this stack runs natively" in refused.stderr
    natively = tiny.rows()["a"]
    assert tiny.run("down").returncode == 0
    assert {name: type(value) for name, value in in_docker.items() if name != "container"} == {
        name: type(value) for name, value in natively.items() if name != "container"
    }
    assert natively["container"] is None


def test_events_tell_what_happened(tiny):
    tiny.write(TWO, port=free_port())
    assert tiny.run("up").returncode == 0
    assert tiny.run("restart", "back").returncode == 0
    kinds = [(one["task"], one["type"]) for one in json.loads(tiny.run("events", "--json").stdout)]
    for expected in (("front", "created"), ("front", "started"), ("back", "healthy"), ("back", "exited")):
        assert expected in kinds


@pytest.mark.parametrize(
    ("where", "says"),
    [("unix:///no/such.sock", "does not answer"), ("tcp://127.0.0.1:1", "does not answer")],
)
def test_no_engine_is_said(tiny, where, says):
    tiny.write("services: {a: {image: x}}")
    up = tiny.run("up", DOCKER_HOST=where)
    assert up.returncode == 1
    assert says in up.stderr
    assert "--engine native" in up.stderr
    assert "Traceback" not in up.stderr


class _Answers(BaseHTTPRequestHandler):
    """An engine that only tells its version."""

    def do_GET(self) -> None:
        body = json.dumps({"Version": "19.03.1", "ApiVersion": "1.40", "MinAPIVersion": "1.12"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass

    def address_string(self) -> str:
        return "a unix socket"


class _Engine(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


def test_an_engine_that_is_too_old_is_said(tiny, tmp_path):
    tiny.write("services: {a: {image: x}}")
    with _Engine(str(tmp_path / "old.sock"), _Answers) as old:
        threading.Thread(target=old.serve_forever, daemon=True).start()
        up = tiny.run("up", DOCKER_HOST=f"unix://{tmp_path}/old.sock")
        old.shutdown()
    assert up.returncode == 1
    assert "is 19.03.1, and 20.10 is the oldest that will do" in up.stderr


def test_a_socket_that_one_may_not_use_is_said(engine, tmp_path, monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(tmp_path / "closed.sock"))
        (tmp_path / "closed.sock").chmod(0o600)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/closed.sock")
        os.seteuid(65534)
        try:
            with pytest.raises(EngineError) as caught:
                address.connect()
        finally:
            os.seteuid(0)
    assert "this user may not use the Docker engine" in caught.value.message
    assert "group" in caught.value.hint
