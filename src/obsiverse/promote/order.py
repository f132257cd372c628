"""Doing things in the order of what they need, side by side where that can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import CycleError, TopologicalSorter

from obsiverse.promote.errors import PromoteError

WORKERS = 12
NOTICE_SECONDS = 0.5
"""Within which Ctrl-C is noticed: a thread that waits without end for another may not hear of a signal."""


class Walk:
    """How far a walk came.

    Attributes:
        done: keys in the order they were done.
        failed: key and error of what failed first; None where nothing did.
        left: keys that were not begun.
    """

    def __init__(self) -> None:
        self.done: list[str] = []
        self.failed: tuple[str, Exception] | None = None
        self.left: list[str] = []


def walk(
    needs: Mapping[str, frozenset[str]],
    act: Callable[[str], None],
    interrupt: Callable[[], None] = lambda: None,
    workers: int = WORKERS,
) -> Walk:
    """Call `act` with every key, after those that it needs.

    Needs that are not among the keys count as there. At the first error nothing more is begun; what runs is waited for.

    Args:
        interrupt: called where somebody presses Ctrl-C, so that what runs comes to its end.

    Raises:
        PromoteError: things need each other in a circle.
    """
    sorter = TopologicalSorter({key: needed & needs.keys() for key, needed in needs.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        raise PromoteError(f"resources need each other in a circle: {' → '.join(error.args[1])}") from None
    found = Walk()
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(workers, thread_name_prefix="promote") as pool:
        while sorter.is_active():
            if found.failed is None:
                for key in sorter.get_ready():
                    running[pool.submit(act, key)] = key
            if not running:
                break
            try:
                finished, _ = wait(running, NOTICE_SECONDS, FIRST_COMPLETED)
            except BaseException:
                interrupt()
                raise
            for future in finished:
                key = running.pop(future)
                error = future.exception()
                if error is None:
                    found.done.append(key)
                    sorter.done(key)
                elif not isinstance(error, Exception):
                    raise error
                elif found.failed is None:
                    found.failed = key, error
    begun = {*found.done, found.failed[0]} if found.failed else set(found.done)
    found.left = [key for key in needs if key not in begun]
    return found
