"""What `up` does on a stack that can come up."""

from __future__ import annotations

import os
import signal
import sys

from tests.native.conftest import TinyStack, free_port

TWO_SERVICES = """
services:
  back:
    ports: ["127.0.0.1:<back>:8000"]
    restart: always
    x-native:
      command: [<python>, -m, http.server, --bind, 127.0.0.1, "<back>"]
      healthcheck: {http: {port: 8000, path: /}, interval: 1s, start_interval: 100ms, start_period: 20s}
  front:
    depends_on: {back: {condition: service_healthy}}
    restart: always
    environment: {BACK: "http://${BACK_ADDR:-back:8000}", COLOUR: "<colour>"}
    x-native:
      command: [sh, -c, 'echo "asks $$BACK in $$COLOUR"; exec sleep 1000']
"""


def write_two(tiny: TinyStack, port: int, colour: str = "red") -> None:
    tiny.write(TWO_SERVICES, back=port, python=sys.executable, colour=colour)


def test_services_come_up_in_order_with_addresses_of_this_machine(tiny):
    port = free_port()
    write_two(tiny, port)
    done = tiny.run("up")
    assert done.returncode == 0, done.stderr
    assert "front" in done.stdout and f"http://127.0.0.1:{port}" in done.stdout
    rows = tiny.rows()
    assert (rows["back"]["health"], rows["front"]["state"]) == ("healthy", "running")
    assert f"asks http://127.0.0.1:{port} in red" in tiny.run("logs", "front").stdout


def test_up_again_restarts_nothing_and_a_changed_definition_only_its_service(tiny):
    port = free_port()
    write_two(tiny, port)
    assert tiny.run("up").returncode == 0
    before = tiny.rows()
    assert tiny.run("up").returncode == 0
    assert {name: row["pid"] for name, row in tiny.rows().items()} == {name: row["pid"] for name, row in before.items()}
    write_two(tiny, port, colour="blue")
    assert tiny.run("up").returncode == 0
    after = tiny.rows()
    assert after["back"]["pid"] == before["back"]["pid"]
    assert after["front"]["pid"] != before["front"]["pid"]


def test_only_the_named_service_and_what_it_needs_starts(tiny):
    write_two(tiny, free_port())
    assert tiny.run("up", "back").returncode == 0
    assert set(tiny.rows()) == {"back"}


def test_down_is_idempotent_and_keeps_data_unless_asked(tiny):
    tiny.write("""
        services:
          keeper:
            volumes: ["kept:/data"]
            x-native:
              command: [sh, -c, 'echo more >> "$$DATA/file"; exec sleep 1000']
              volumes: {/data: DATA}
        volumes: {kept: }
    """)
    assert tiny.run("up").returncode == 0
    assert tiny.run("down").returncode == 0
    assert tiny.run("down").returncode == 0
    assert tiny.processes() == []
    assert tiny.run("up").returncode == 0
    kept = tiny.state / "data" / "kept" / "file"
    assert kept.read_text().splitlines() == ["more", "more"]
    assert tiny.run("down", "-v").returncode == 0
    assert not kept.exists()


def test_a_killed_service_comes_back_and_a_killed_agent_loses_nothing(tiny, until):
    write_two(tiny, free_port())
    assert tiny.run("up").returncode == 0
    before = tiny.rows()
    os.kill(tiny.agent_pid(), signal.SIGKILL)
    until(
        lambda: (
            {name: row["pid"] for name, row in tiny.rows().items()}
            == {name: row["pid"] for name, row in before.items()}
        )
    )
    os.kill(before["back"]["pid"], signal.SIGKILL)
    until(
        lambda: (
            tiny.rows()["back"]["pid"] not in (None, before["back"]["pid"])
            and tiny.rows()["back"]["health"] == "healthy"
        )
    )
    assert tiny.rows()["back"]["restarts"] == 1


def test_a_one_shot_runs_after_what_it_needs_and_its_lines_are_shown(tiny):
    tiny.write("""
        services:
          base:
            x-native: {command: [sleep, "1000"]}
          once:
            labels: {obsiverse.oneshot: "true"}
            depends_on: [base]
            x-native: {command: [sh, -c, "echo all is well"]}
    """)
    done = tiny.run("up")
    assert done.returncode == 0, done.stderr
    assert "all is well" in done.stderr
    assert tiny.run("up", "--no-scenario").returncode == 0


def test_configs_and_secrets_reach_a_process_as_files(tiny):
    tiny.write("""
        services:
          reader:
            configs: [{source: greeting, target: /etc/greeting}]
            secrets: [token]
            environment: {TOKEN_VALUE: x}
            x-native:
              command: [sh, -c, 'cat "$$GREETING"; ls -l "$$TOKEN"; exec sleep 1000']
              volumes: {/etc/greeting: GREETING, /run/secrets/token: TOKEN}
        configs: {greeting: {content: "hello ${WHO:-world}\\n"}}
        secrets: {token: {environment: TINY_TOKEN}}
    """)
    tiny.environment["TINY_TOKEN"] = "hidden"
    done = tiny.run("up")
    assert done.returncode == 0, done.stderr
    log = tiny.run("logs", "reader").stdout
    assert "hello world" in log
    assert "-r--------" in log
    assert "hidden" not in done.stdout + done.stderr + tiny.run("config").stdout


def test_what_is_in_docker_only_or_never_runs_is_left_out(tiny):
    tiny.write("""
        services:
          agent: {image: x, x-native: false}
          waits: {image: x, depends_on: [agent], x-native: {command: [sleep, "600"]}}
          done: {image: x, scale: 0, depends_on: [waits], x-native: {command: [sleep, "600"]}}
        """)
    up = tiny.run("up")
    assert up.returncode == 0, up.stderr
    assert list(tiny.rows()) == ["waits"]


def test_a_service_that_would_run_twice_is_refused(tiny):
    tiny.write("services: {a: {image: x, scale: 2, x-native: {command: [sleep, '600']}}}")
    up = tiny.run("up")
    assert up.returncode == 1
    assert "a has scale 2, and without Docker a service runs once" in up.stderr
