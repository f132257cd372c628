"""What `up` does with what can't come up: a clear message, a non-zero exit code, a machine left clean."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.native.conftest import TinyStack, free_port

SLEEPER = """
services:
  sleeper:
    x-native: {command: [sleep, "1000"]}
"""


def assert_clean(tiny: TinyStack) -> None:
    """No process of the stack is left."""
    assert tiny.processes() == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("services:\n  a:\n    imagine: x\n    x-native: {command: [sleep, '9']}\n", ("imagine", "compose.yaml", "4")),
        ("services:\n  a:\n    image: ${NO_SUCH:?is needed}\n", ("NO_SUCH", "is needed", "compose.yaml")),
        (
            "services:\n  a:\n    image: a\n    depends_on: [b]\n  b:\n    image: b\n    depends_on: [a]\n",
            ("a", "b", "depend"),
        ),
        ("services:\n  a: [\n", ("compose.yaml",)),
        ("services:\n  a:\n    image: a\n", ("a", "x-native")),
    ],
)
def test_a_bad_compose_file_is_refused_by_name(tiny, text, expected):
    tiny.write(text)
    done = tiny.run("up")
    assert done.returncode == 1
    assert all(part in done.stderr for part in expected), done.stderr
    assert "Traceback" not in done.stderr
    assert_clean(tiny)


def test_a_missing_program_is_named(tiny):
    tiny.write("services:\n  a:\n    x-native: {command: [no-such-program, x]}\n")
    done = tiny.run("up")
    assert done.returncode == 1
    assert "no-such-program" in done.stderr
    assert_clean(tiny)


def test_a_taken_port_is_reported_before_anything_starts(tiny):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        tiny.environment["TINY_PORT"] = str(port)
        tiny.write('services:\n  a:\n    ports: ["127.0.0.1:${TINY_PORT}:80"]\n    x-native: {command: [sleep, "9"]}\n')
        done = tiny.run("up")
    assert done.returncode == 1
    assert f"port {port}" in done.stderr and str(os.getpid()) in done.stderr and "TINY_PORT" in done.stderr
    assert_clean(tiny)


@pytest.mark.parametrize("policy", ["no", "always"])
def test_a_service_that_dies_at_start_is_reported_with_its_last_lines(tiny, policy):
    tiny.write(
        """
        services:
          good: {x-native: {command: [sleep, "1000"]}}
          bad:
            restart: "<policy>"
            x-native:
              command: [sh, -c, 'for i in $(seq 30); do echo line $$i; done; exit 7']
              healthcheck: {tcp: {port: 1}, interval: 1s, start_interval: 100ms, start_period: 20s}
        """.replace("$(", "$$("),
        policy=policy,
    )
    done = tiny.run("up")
    assert done.returncode == 1
    assert "bad exited with code 7" in done.stderr
    assert "line 30" in done.stderr and "line 11" in done.stderr and "line 10\n" not in done.stderr
    assert_clean(tiny)


def test_a_service_that_never_turns_healthy_fails_in_time(tiny):
    tiny.write(f"""
        services:
          deaf:
            ports: ["127.0.0.1:{free_port()}:80"]
            x-native:
              command: [sh, -c, "echo I hear nothing; exec sleep 1000"]
              healthcheck: {{tcp: {{port: 80}}, interval: 300ms, start_interval: 100ms, retries: 2}}
    """)
    done = tiny.run("up", "--timeout", "20")
    assert done.returncode == 1
    assert "deaf" in done.stderr and "healthy" in done.stderr and "I hear nothing" in done.stderr
    assert_clean(tiny)


def test_timeout_is_said(tiny):
    tiny.write("""
        services:
          slow:
            x-native:
              command: [sleep, "1000"]
              healthcheck: {tcp: {port: 1}, interval: 1s, start_interval: 100ms, start_period: 100s}
    """)
    done = tiny.run("up", "--timeout", "1")
    assert done.returncode == 1
    assert "slow was not healthy in time" in done.stderr and "--timeout" in done.stderr
    assert_clean(tiny)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_at_any_moment_leaves_nothing(tiny, seed, number):
    tiny.write("""
        services:
          a: {x-native: {command: [sleep, "1000"]}}
          b:
            depends_on: [a]
            x-native:
              command: [sleep, "1000"]
              healthcheck: {tcp: {port: 1}, interval: 1s, start_interval: 100ms, start_period: 100s}
    """)
    up = tiny.start("up")
    time.sleep(0.6 + random.Random(seed).random() * 1.5)
    up.send_signal(number)
    _, stderr = up.communicate(timeout=30)
    assert up.returncode != 0
    assert "Traceback" not in stderr, stderr
    assert_clean(tiny)


def test_a_second_up_while_the_first_runs_is_refused(tiny, until):
    tiny.write("""
        services:
          slow:
            x-native:
              command: [sleep, "1000"]
              healthcheck: {tcp: {port: 1}, interval: 1s, start_interval: 100ms, start_period: 100s}
    """)
    first = tiny.start("up")
    until(lambda: "slow" in tiny.rows())
    second = tiny.run("up")
    assert second.returncode == 1
    assert str(first.pid) in second.stderr and "running" in second.stderr
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)
    assert_clean(tiny)


def test_a_failure_keeps_what_ran_before(tiny):
    tiny.write(SLEEPER)
    assert tiny.run("up").returncode == 0
    pid = tiny.rows()["sleeper"]["pid"]
    tiny.write(SLEEPER + '  bad:\n    x-native: {command: [sh, -c, "exit 3"]}\n')
    done = tiny.run("up")
    assert done.returncode == 1
    rows = tiny.rows()
    assert rows["sleeper"]["pid"] == pid
    assert "bad" not in rows


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_a_full_disk_is_said(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=True)
    try:
        tiny = TinyStack(folder)
        tiny.write(SLEEPER)
        with (folder / "filler").open("wb") as filler, contextlib.suppress(OSError):
            filler.write(b"x" * 128 * 1024)
        done = tiny.run("up")
        assert done.returncode == 1
        assert "No space left" in done.stderr or "disk" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
        assert_clean(tiny)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_state_folder_from_before_a_reboot_comes_up_again(tiny, until):
    """After a reboot the recorded processes are gone, and their numbers may belong to others."""
    tiny.write(SLEEPER.replace("sleeper:\n", "sleeper:\n    restart: always\n"))
    assert tiny.run("up").returncode == 0
    copy = tiny.state.with_name("copy")
    shutil.copytree(tiny.state, copy, ignore=lambda _, names: [n for n in names if n.endswith((".sock", ".lock"))])
    assert tiny.run("down").returncode == 0
    shutil.rmtree(tiny.state)
    copy.rename(tiny.state)
    done = tiny.run("up")
    assert done.returncode == 0, done.stderr
    until(lambda: tiny.rows()["sleeper"]["state"] == "running")
    assert len([p for p in tiny.processes() if p.info["cmdline"][0].endswith("/sleep")]) == 1


def test_down_works_after_the_agent_and_its_keeper_were_killed(tiny):
    tiny.write(SLEEPER)
    assert tiny.run("up").returncode == 0
    for process in tiny.processes():
        if not process.info["cmdline"][0].endswith("/sleep"):
            process.kill()
    assert tiny.run("down").returncode == 0
    assert_clean(tiny)


def test_unknown_service_is_refused(tiny):
    tiny.write(SLEEPER)
    for verb in ("up", "restart", "logs"):
        done = tiny.run(verb, "nobody")
        assert done.returncode == 1
    assert sys.executable
