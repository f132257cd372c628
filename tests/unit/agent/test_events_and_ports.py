"""Events on disk and to followers; ports that are really free."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from obsiverse.agent import events as events_module
from obsiverse.agent.errors import NoPort
from obsiverse.agent.events import Events
from obsiverse.agent.ports import Ports
from obsiverse.agent.spec import Port


def kept(events: Events, **options: Any) -> list[dict[str, Any]]:
    async def read() -> bytes:
        chosen = {"since": None, "follow": False, "task": None} | options
        return b"".join([chunk async for chunk in events.read(**chosen)])

    return [json.loads(line) for line in asyncio.run(read()).splitlines()]


def test_events_outlive_the_agent_and_can_be_asked_for_by_time_and_task(tmp_path: Path) -> None:
    first = Events(tmp_path)
    first.emit("a", "started", labels={"k": "v"})
    first.emit("b", "exited", labels={}, exit_code=1, signal="SIGKILL", message="m")
    again = Events(tmp_path)
    found = kept(again)
    assert [(event["task"], event["type"]) for event in found] == [("a", "started"), ("b", "exited")]
    assert found[0]["labels"] == {"k": "v"}
    assert kept(again, task="b") == found[1:]
    assert kept(again, since=found[1]["time"]) == found[1:]
    assert kept(again, since=found[1]["time"] + 1) == []


def test_a_follower_gets_each_event_once_old_and_new(tmp_path: Path) -> None:
    async def follow() -> list[str]:
        events = Events(tmp_path)
        events.emit("old", "started", labels={})
        got: list[str] = []

        async def read() -> None:
            async for chunk in events.read(since=0.0, follow=True, task=None):
                got.extend(json.loads(line)["task"] for line in chunk.splitlines())

        reader = asyncio.create_task(read())
        await asyncio.sleep(0)
        for number in range(50):
            events.emit(f"new-{number}", "started", labels={})
        events.close()
        await asyncio.wait_for(reader, 5)
        return got

    assert asyncio.run(follow()) == ["old", *(f"new-{number}" for number in range(50))]


def test_the_files_are_bounded_and_keep_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "FILE_BYTES", 5000)
    events = Events(tmp_path)
    for number in range(500):
        events.emit(str(number), "started", labels={})
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 11_000
    assert kept(events)[-1]["task"] == "499"


def test_half_a_line_does_not_hide_the_others(tmp_path: Path) -> None:
    events = Events(tmp_path)
    events.emit("a", "started", labels={})
    with (tmp_path / "events.ndjson").open("a") as file:
        file.write('{"time": 1, "ta\n')
    events.emit("b", "started", labels={})
    assert [event["task"] for event in kept(events)] == ["a", "b"]


def listener(port: int = 0, address: str = "127.0.0.1") -> socket.socket:
    listening = socket.socket()
    listening.bind((address, port))
    listening.listen()
    return listening


def free_pair() -> int:
    """The first of two neighbouring ports that are free now."""
    while True:
        with listener() as one:
            first = one.getsockname()[1]
            try:
                with listener(first + 1):
                    return first
            except OSError:
                continue


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_a_port_that_another_program_listens_on_is_not_given_out(address: str) -> None:
    first = free_pair()
    ports = Ports(first, first + 1)
    with listener(first, address):
        assert ports.assign([Port(container=80)], [], []) == [(80, first + 1)]


def test_a_task_keeps_its_port_unless_another_program_has_taken_it() -> None:
    first = free_pair()
    ports = Ports(first, first + 1)
    wanted = [Port(container=80)]
    assert ports.assign(wanted, [(80, first + 1)], []) == [(80, first + 1)]
    with listener(first + 1):
        assert ports.assign(wanted, [(80, first + 1)], []) == [(80, first)]
        assert ports.assign(wanted, [(80, first + 1)], [], listening=True) == [(80, first + 1)]


def test_no_free_port_is_an_error_that_names_the_range() -> None:
    first = free_pair()
    ports = Ports(first, first + 1)
    with pytest.raises(NoPort, match=f"{first}-{first + 1}"):
        ports.assign([Port(container=80)], [], [first, first + 1])


def test_a_named_port_is_taken_as_it_is() -> None:
    assert Ports().assign([Port(container=80, host=8080)], [], []) == [(80, 8080)]
