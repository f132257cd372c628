"""The queue of keys that want work."""

from __future__ import annotations

import threading
from collections import Counter

from obsiverse_aws.work_queue import Retry, WorkQueue

SECONDS = 10


def test_work_that_fails_is_tried_again() -> None:
    done = threading.Event()
    calls: list[str] = []

    def work(key: str) -> None:
        calls.append(key)
        if len(calls) == 1:
            raise Retry("not yet")
        if len(calls) == 2:
            raise ValueError("a fault")
        done.set()

    WorkQueue("test", work).add("key")
    assert done.wait(SECONDS)
    assert calls == ["key"] * 3


def test_key_is_worked_on_by_one_thread_and_again_when_added_meanwhile() -> None:
    entered, go_on, done = threading.Event(), threading.Event(), threading.Event()
    active, most, calls = Counter[str](), Counter[str](), Counter[str]()

    def work(key: str) -> None:
        active[key] += 1
        most[key] = max(most[key], active[key])
        calls[key] += 1
        if key == "slow":
            entered.set()
            assert go_on.wait(SECONDS)
            if calls[key] == 2:
                done.set()
        active[key] -= 1

    queue = WorkQueue[str]("test", work)
    queue.add("slow")
    assert entered.wait(SECONDS)
    for _ in range(5):
        queue.add("slow")
    go_on.set()
    assert done.wait(SECONDS)
    assert most["slow"] == 1
    assert calls["slow"] == 2


def test_other_keys_do_not_wait_for_a_delayed_one() -> None:
    order: list[str] = []
    done = threading.Event()

    def work(key: str) -> None:
        order.append(key)
        if len(order) == 2:
            done.set()

    queue = WorkQueue[str]("test", work)
    queue.add("later", delay=0.2)
    queue.add("now")
    assert done.wait(SECONDS)
    assert order == ["now", "later"]
