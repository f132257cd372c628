"""What of LocalStack's and moto's objects can be saved, and as what it comes back."""

from __future__ import annotations

import json
import queue
import threading
from collections import defaultdict
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from localstack.services.sqs.models import sqs_stores
from moto.ssm.models import ParameterDict, ssm_backends
from obsiverse_aws.state.pickling import dumps, loads


def back(value: Any) -> Any:
    """A value after it was saved and loaded."""
    return loads(dumps(value))


def test_held_lock_comes_back_free() -> None:
    for make in (threading.Lock, threading.RLock, threading.Condition):
        lock = make()
        with lock:
            free = back({"lock": lock})["lock"]
        # A lock that its thread may take again tells nothing here, so another takes it.
        taken: list[bool] = []
        thread = threading.Thread(target=lambda free=free, taken=taken: taken.append(free.acquire(blocking=False)))
        thread.start()
        thread.join()
        assert taken == [True]


def test_queue_keeps_its_items_in_their_order() -> None:
    waiting: queue.PriorityQueue[int] = queue.PriorityQueue(9)
    for one in (3, 1, 2):
        waiting.put(one)
    restored = back(waiting)
    restored.put(0)
    assert [restored.get_nowait() for _ in range(4)] == [0, 1, 2, 3]
    assert restored.maxsize == 9


def test_thread_is_left_behind() -> None:
    assert back({"thread": threading.Thread(target=print)}) == {"thread": None}


def test_dictionary_with_a_constructor_of_its_own_comes_back() -> None:
    parameters = ParameterDict("000000000000", "us-east-1")
    parameters["/name"].append("value")  # pyright: ignore[reportArgumentType]
    restored = back(parameters)
    assert (dict(restored), restored.region_name) == (dict(parameters), "us-east-1")
    assert restored["/name"] == ["value"]
    assert restored["/other"] == []


def test_function_without_a_name_comes_back() -> None:
    restored = back(defaultdict(lambda: "default", {"a": json.dumps}))
    assert (restored["b"], restored["a"]) == ("default", json.dumps)


def test_private_keys_come_back() -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())):
        assert back(key).private_numbers() == key.private_numbers()


def test_what_refers_to_a_root_or_a_part_of_one_refers_to_the_same_one() -> None:
    backends, store = ssm_backends["333333333333"], sqs_stores["333333333333"]["eu-west-1"]
    held = [ssm_backends, backends, backends["us-east-1"], sqs_stores, sqs_stores["333333333333"], store]
    saved = dumps(held)
    assert all(one is other for one, other in zip(loads(saved), held, strict=True))
    assert len(saved) < 1000


def test_what_others_change_meanwhile_is_saved() -> None:
    # Locks are taken apart in Python, which gives others a turn.
    changing: dict[int, Any] = {number: threading.Lock() for number in range(2000)}
    ended = threading.Event()

    def change() -> None:
        number = 0
        while not ended.is_set():
            changing[2000 + number % 50] = number
            changing.pop(2000 + (number + 25) % 50, None)
            number += 1

    thread = threading.Thread(target=change)
    thread.start()
    try:
        assert len(back(changing)) >= 2000
    finally:
        ended.set()
        thread.join()
