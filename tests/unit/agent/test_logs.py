"""Logs: what their readers get, through rotations, restarts of the agent and interference."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obsiverse.agent import log_stream
from obsiverse.agent.logs import TaskLog


@pytest.fixture
def log(tmp_path: Path) -> TaskLog:
    return TaskLog(tmp_path / "log")


def write(log: TaskLog, text: str) -> None:
    with log.path.open("a") as file:
        file.write(text)


def read(log: TaskLog, *, tail: int | None = None, since: float | None = None) -> list[tuple[float, str]]:
    async def collect() -> list[bytes]:
        chunks = log_stream.stream(log, tail=tail, since=since, follow=False, ended=lambda: True, changed=asyncio.Event)
        return [chunk async for chunk in chunks]

    entries = [json.loads(line) for line in b"".join(asyncio.run(collect())).splitlines()]
    return [(entry["t"], entry["line"]) for entry in entries]


def lines(log: TaskLog, **options: float) -> list[str]:
    return [line for _, line in read(log, **options)]  # type: ignore[arg-type]


def test_lines_have_the_time_at_which_they_were_seen(log: TaskLog) -> None:
    write(log, "one\ntwo\n")
    log.sample(100.0)
    write(log, "three\n")
    log.sample(101.0)
    assert read(log) == [(100.0, "one"), (100.0, "two"), (101.0, "three")]


def test_since_begins_with_what_was_seen_then_or_later(log: TaskLog) -> None:
    for second in range(5):
        write(log, f"{second}\n")
        log.sample(100.0 + second)
    assert lines(log, since=102.0) == ["2", "3", "4"]
    assert lines(log, since=102.5) == ["3", "4"]
    assert lines(log, since=0.0) == ["0", "1", "2", "3", "4"]
    assert lines(log, since=200.0) == []
    write(log, "new\n")
    assert lines(log, since=200.0) == ["new"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 200), max_size=30), st.integers(0, 40), st.booleans())
def test_tail_gives_the_last_lines_whatever_their_length(lengths: list[int], tail: int, ended: bool) -> None:
    text = "".join(f"{length % 10}" * length + "\n" for length in lengths) + ("" if ended else "half")
    expected = text.split("\n")[: None if text and not ended else -1]
    with TemporaryDirectory() as folder, patch("obsiverse.agent.logs.CHUNK", 64):
        log = TaskLog(Path(folder) / "log")
        write(log, text)
        assert lines(log) == expected
        assert lines(log, tail=tail) == (expected[-tail:] if tail else [])


def test_tail_reaches_back_over_rotated_files(log: TaskLog) -> None:
    for part in range(3):
        write(log, "".join(f"{part}-{number}\n" for number in range(1000)))
        log.sample(100.0 + part)
        if part < 2:
            asyncio.run(log.rotate(4096, 3))
    assert lines(log, tail=1500)[0] == "1-500"
    assert len(lines(log)) == 3000
    assert lines(log, tail=1) == ["2-999"]


def test_rotation_keeps_so_many_files_and_the_times_of_their_lines(log: TaskLog) -> None:
    for part in range(6):
        write(log, f"{part}\n" * 3000)
        log.sample(100.0 + part)
        assert asyncio.run(log.rotate(5000, 3)) is True
    assert sorted(path.name for path in log.path.parent.glob("log*")) == ["log", "log.1", "log.2", "log.index"]
    times = {line: time for time, line in read(log)}
    assert times["5"] == 105.0
    assert times["4"] == 104.0


def test_of_a_log_that_grew_far_too_long_the_last_whole_lines_are_kept(log: TaskLog) -> None:
    write(log, "".join(f"{number:08}\n" for number in range(10_000)))
    asyncio.run(log.rotate(5000, 3))
    write(log, "new\n")
    found = lines(log)
    assert found[-2:] == ["00009999", "new"]
    assert found[:-1] == [f"{number:08}" for number in range(10_000 - len(found) + 1, 10_000)]
    assert log.path.with_name("log.1").stat().st_size <= 5000


def test_a_short_log_is_not_rotated(log: TaskLog) -> None:
    write(log, "x\n")
    assert asyncio.run(log.rotate(5000, 3)) is False


def test_one_file_means_that_the_old_is_dropped(log: TaskLog) -> None:
    write(log, "old\n" * 3000)
    asyncio.run(log.rotate(5000, 1))
    write(log, "new\n")
    assert lines(log) == ["new"]


def test_times_and_offsets_survive_the_agent(log: TaskLog) -> None:
    write(log, "a\n" * 3000)
    log.sample(100.0)
    asyncio.run(log.rotate(5000, 3))
    write(log, "b\n")
    log.sample(101.0)
    again = TaskLog(log.path)
    assert read(again)[-2:] == [(100.0, "a"), (101.0, "b")]
    assert again.end == log.end


def test_a_rotation_that_the_agent_did_not_survive_is_noticed(log: TaskLog) -> None:
    write(log, "a\n" * 3000)
    log.sample(100.0)
    os.truncate(log.path, 0)
    write(log, "b\n")
    again = TaskLog(log.path)
    again.sample(101.0)
    assert read(again)[-1] == (101.0, "b")
    assert again.end == 6002


def test_a_deleted_log_is_empty_and_no_error(log: TaskLog) -> None:
    write(log, "a\n")
    log.sample(100.0)
    log.path.unlink()
    log.sample(101.0)
    assert lines(log) == []
    assert lines(log, tail=5) == []
    assert asyncio.run(log.rotate(5000, 3)) is False


def test_a_line_without_end_is_cut_into_pieces_and_not_kept_in_memory(log: TaskLog) -> None:
    write(log, "x" * 1_000_000)
    found = lines(log)
    assert "".join(found) == "x" * 1_000_000
    assert max(map(len, found)) <= 2 * log_stream.LONGEST_LINE


def test_output_that_is_no_text_is_shown_as_well_as_can_be(log: TaskLog) -> None:
    log.path.write_bytes(b"a\xffb\r\nc\x00d\n")
    assert lines(log) == ["a�b", "c\x00d"]


def test_the_index_stays_short(log: TaskLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obsiverse.agent.logs.INDEX_BYTES", 2000)
    for second in range(1000):
        write(log, f"{second}\n")
        log.sample(1000.0 + second)
    index = log.path.with_name("log.index")
    assert index.stat().st_size <= 2100
    found = read(log)
    assert len(found) == 1000
    assert [time for time, _ in found] == sorted(time for time, _ in found)
    assert found[-1][0] == 1999.0


def test_rotation_under_a_steady_writer_loses_next_to_nothing(log: TaskLog) -> None:
    program = (
        "import sys, time\n"
        "for number in range(4000):\n"
        "    sys.stdout.write(f'{number:06} ' + 'x' * 30 + chr(10)); sys.stdout.flush()\n"
        "    if number % 4 == 0: time.sleep(0.001)\n"
    )

    async def run() -> int:
        rotations = 0
        with log.path.open("a") as output:
            writer = subprocess.Popen([sys.executable, "-c", program], stdout=output)  # noqa: ASYNC220
        while writer.poll() is None:
            rotations += await log.rotate(8192, 100)
            await asyncio.sleep(0.01)
        return rotations

    rotations = asyncio.run(run())
    numbers = [int(line.split()[0]) for line in lines(log)]
    assert rotations >= 5
    assert numbers == sorted(set(numbers)), "a line came twice, or out of order"
    # What falls into the moment between the last read and the truncation is lost, and nothing else.
    assert 4000 - len(numbers) <= 2 * rotations
    assert all(line.endswith("x" * 30) for line in lines(log))
