"""Reading a task's log as NDJSON lines, to its end or for as long as the task lives."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable

from obsiverse.agent.logs import TaskLog, Times

LONGEST_LINE = 64 * 1024
FOLLOW_SECONDS = 0.25


async def stream(
    log: TaskLog,
    *,
    tail: int | None,
    since: float | None,
    follow: bool,
    ended: Callable[[], bool],
    changed: Callable[[], asyncio.Event],
) -> AsyncIterator[bytes]:
    """A log's lines as NDJSON of `t` (Unix seconds, when the agent saw the line) and `line`, many in a chunk.

    Args:
        tail: only the last so many lines.
        since: only lines that the agent saw at this time or later.
        follow: go on until the task has ended.
        ended: whether nothing more will come.
        changed: an event that is set when the task's state changes next.
    """
    times = log.times()
    offset = _begin(log, times, tail, since)
    rest = b""
    while True:
        # Asked before reading: what a task wrote before its end is then read after the answer.
        last, change = ended() or not follow, changed()
        while True:
            data, after = log.read(offset)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            yield _encode(lines, after - len(rest), times)
            offset = after
            await asyncio.sleep(0)
        if last:
            if rest:
                yield _encode([rest], offset + 1, times)
            return
        try:
            await asyncio.wait_for(change.wait(), FOLLOW_SECONDS)
        except TimeoutError:
            continue


def _begin(log: TaskLog, times: Times, tail: int | None, since: float | None) -> int:
    begin = log.segments()[0].start
    if since is not None:
        noted = times.offset_at(since)
        begin = max(begin, noted if noted is not None else begin)
    if tail is not None:
        begin = max(begin, log.tail_offset(tail))
    return begin


def _encode(lines: list[bytes], end: int, times: Times) -> bytes:
    """Lines of which the last one's newline is the byte before `end`."""
    now = time.time()
    ends: list[int] = []
    for line in reversed(lines):
        ends.append(end)
        end -= len(line) + 1
    texts: list[str] = []
    for line, at in zip(lines, reversed(ends), strict=True):
        seen = times.of(at)
        text = line.removesuffix(b"\r").decode(errors="replace")
        texts.append(json.dumps({"t": now if seen is None else seen, "line": text}, ensure_ascii=False))
    return "".join(text + "\n" for text in texts).encode()
