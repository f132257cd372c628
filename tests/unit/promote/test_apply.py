"""Apply: in order, idempotent, resumable wherever it was cut off, and taken back by rollback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.promote.apply import apply
from obsiverse.promote.errors import NameTaken, Stopped
from obsiverse.promote.journal import Journal
from obsiverse.promote.order import walk
from obsiverse.promote.plan import Action
from obsiverse.promote.resource import Ref, Resource
from obsiverse.promote.rollback import roll_back, undo_of
from tests.unit.promote.memory import StillPlace, World, by_key, kinds, plan, quiet, target, thing

ROOT = Path(__file__).resolve().parents[3]
WANTED = by_key(
    thing("base", size=1),
    thing("changed", ["base"], size=2),
    Resource(
        "thing",
        "child",
        {"in": Ref("thing/base", "id"), "url": Ref("thing/base", "id", "s3://{}/x")},
        parent="thing/base",
    ),
    thing("top", ["changed", "child"], size=3),
)
BEFORE = {"thing/changed": {"properties": {"size": 0}, "ours": None}, "thing/other": {"properties": {}, "ours": None}}
AFTER = {
    "thing/base": {"size": 1},
    "thing/changed": {"size": 2},
    "thing/child": {"in": "id-of-base", "url": "s3://id-of-base/x"},
    "thing/top": {"size": 3},
    "thing/other": {},
}


def run(world: World, journal: Journal, resources: dict[str, Resource] = WANTED) -> list[str]:
    """Plan and apply."""
    with journal:
        return apply(plan(world, resources, journal), kinds(world), StillPlace(target()), journal, quiet)


def back(world: World, journal: Journal, everything: bool = False) -> list[str]:
    """Roll the last apply back, or all."""
    with journal:
        undo = undo_of(journal, everything)
        assert undo is not None
        return roll_back(undo, kinds(world), StillPlace(target()), journal, quiet)


def properties(world: World) -> dict[str, Any]:
    return {key: one["properties"] for key, one in world.content.items()}


def test_apply_brings_about_what_is_wanted_and_a_second_plan_is_empty(journal: Journal):
    world = World(BEFORE)
    assert set(run(world, journal)) == set(WANTED)
    assert properties(world) == AFTER
    assert not plan(world, WANTED, journal).changes
    assert run(world, journal) == []


def test_an_apply_that_was_killed_after_its_last_step_is_ended_by_the_next(journal: Journal):
    world = World(BEFORE)
    run(world, journal)
    with journal:
        journal.begin("111111111111", "us-east-1")
        assert journal.open_run is not None
    assert run(world, journal) == []
    assert journal.open_run is None


def test_what_is_needed_comes_first(journal: Journal):
    world = World()
    done = run(world, journal)
    assert done.index("thing/base") < done.index("thing/child") < done.index("thing/top")


def test_what_needs_nothing_of_each_other_goes_side_by_side():
    met = threading.Barrier(3, timeout=10)
    walked = walk({"a": frozenset(), "b": frozenset(), "c": frozenset()}, lambda _: met.wait() and None)
    assert walked.failed is None
    assert sorted(walked.done) == ["a", "b", "c"]


def test_the_first_error_ends_an_apply_that_says_what_was_done_and_what_not(journal: Journal):
    world = World(BEFORE)

    def refuse(operation: str) -> None:
        if operation == "change thing/changed":
            raise RuntimeError("no quota")

    world.before = refuse
    with pytest.raises(Stopped) as stopped:
        run(world, journal)
    assert "no quota" in stopped.value.message
    assert "goes on from here" in stopped.value.hint
    assert "thing/base" in stopped.value.done
    assert "thing/top" in stopped.value.left
    assert "thing/top" not in world.content
    world.before = lambda _: None
    run(world, journal)
    assert properties(world) == AFTER


def test_rollback_restores_what_was_changed_and_deletes_what_was_made(journal: Journal):
    world = World(BEFORE)
    run(world, journal)
    undone = back(world, journal)
    assert undone.index("thing/top") < undone.index("thing/child") < undone.index("thing/base")
    assert world.content == BEFORE
    with journal:
        assert undo_of(journal) is None


def test_each_rollback_takes_one_apply_back(journal: Journal):
    world = World(BEFORE)
    run(world, journal)
    run(world, journal, {**WANTED, "thing/base": thing("base", size=10)})
    assert properties(world)["thing/base"] == {"size": 10}
    assert back(world, journal) == ["thing/base"]
    assert properties(world) == AFTER
    back(world, journal)
    assert world.content == BEFORE


def test_a_rollback_of_all_applies_goes_straight_to_what_was_before_the_first(journal: Journal):
    world = World(BEFORE)
    run(world, journal)
    world.put("edit", "thing/changed", {"properties": {"size": 7}, "ours": None})
    run(world, journal, {**WANTED, "thing/new": thing("new", ["top"])})
    world.writes.clear()
    assert back(world, journal, everything=True)[0] == "thing/new"
    assert world.content == BEFORE
    assert world.writes.count("change thing/changed") == 1
    with journal:
        assert undo_of(journal, everything=True) is None


def test_an_answer_that_was_lost_does_not_stop_an_apply(journal: Journal):
    world = World()

    def lose(operation: str) -> None:
        if operation == "create thing/base":
            raise TimeoutError("no answer")

    world.after = lose
    assert set(run(world, journal)) == set(WANTED)


def test_what_is_there_and_not_in_force_is_waited_for(journal: Journal):
    world = World({"thing/base": {"properties": {"size": 1}, "ours": True, "ready": False}})
    made = plan(world, by_key(thing("base", size=1)), journal)
    assert made.steps["thing/base"].action is Action.WAIT
    run(world, journal, by_key(thing("base", size=1)))
    assert world.writes == ["settle thing/base"]


def test_a_name_of_others_stops_an_apply_before_it_begins(journal: Journal):
    world = World({"thing/top": {"properties": {"size": 9}, "ours": False}})
    with pytest.raises(NameTaken, match="thing/top"):
        run(world, journal)
    assert world.writes == []
    assert not journal.runs


def test_a_rollback_does_not_delete_what_is_somebody_elses_by_now(journal: Journal):
    world = World()
    run(world, journal)
    world.put("steal", "thing/top", {"properties": {"size": 3}, "ours": False})
    with pytest.raises(Stopped, match="not ours any more"):
        back(world, journal)
    assert "thing/top" in world.content


def test_secrets_do_not_get_into_the_journal_and_are_not_restored_as_something_else(journal: Journal):
    old = {"size": 1, "password": "hunter-2-of-before"}
    world = World({"thing/base": {"properties": old, "ours": None}})
    run(world, journal, by_key(thing("base", size=2, password="hunter-2-of-now")))
    assert "hunter" not in journal.file.read_text()
    with pytest.raises(Stopped, match="secret"):
        back(world, journal)
    assert properties(world)["thing/base"]["password"] == "hunter-2-of-now"


def test_who_interrupts_an_apply_does_not_wait_for_what_it_waits_for(journal: Journal):
    place = StillPlace(target())
    began = threading.Event()

    def act(_: str) -> None:
        began.set()
        place.wait(lambda: False, "an endpoint", 3600)

    def press() -> None:
        began.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(KeyboardInterrupt):
        walk({"a": frozenset()}, act, place.interrupt)
    presser.join()


class Cut(Exception):
    """The fault of these tests."""


FAULTS = [(when, number) for when in ("before", "after") for number in range(len(WANTED))]


def at(number: int, act: Callable[[], None]) -> Callable[[str], None]:
    """Act at the n-th operation, and at all after it: who was cut off stays so."""
    seen = 0
    lock = threading.Lock()

    def count(_: str) -> None:
        nonlocal seen
        with lock:
            seen += 1
            hit = seen > number
        if hit:
            act()

    return count


def cut() -> None:
    raise Cut("the network went away")


@pytest.mark.parametrize(("when", "number"), FAULTS)
def test_after_a_fault_at_any_step_a_second_apply_converges_and_rollback_restores(
    journal: Journal, when: str, number: int
):
    world = World(BEFORE)
    setattr(world, when, at(number, cut))
    # An answer that is lost is no end: see above. The last step's fault is then none at all.
    try:
        run(world, journal)
    except Stopped:
        pass
    else:
        assert when == "after"
    world.before = world.after = lambda _: None
    run(world, journal)
    assert properties(world) == AFTER
    assert not plan(world, WANTED, journal).changes
    back(world, journal)
    assert world.content == BEFORE


def be_killed(file: str, journal: str, when: str, number: str) -> None:
    """Apply in a process of its own, until it is killed at an operation."""
    world = World(None, Path(file))
    setattr(world, when, at(int(number), lambda: os.kill(os.getpid(), signal.SIGKILL)))
    run(world, Journal(Path(journal)))


@pytest.mark.parametrize(("when", "number"), FAULTS)
def test_after_kill_9_at_any_step_a_second_apply_converges_and_rollback_restores(
    tmp_path: Path, when: str, number: int
):
    journal = Journal(tmp_path / "journal.jsonl")
    file = tmp_path / "world.json"
    World(BEFORE, file)
    arguments = [str(file), str(journal.file), when, str(number)]
    program = "import sys; from tests.unit.promote.test_apply import be_killed; be_killed(*sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    again = Journal(journal.file)
    left = World(None, file)
    run(left, again)
    assert properties(left) == AFTER
    # Both applies are one run: what was before the first comes back.
    back(left, again)
    assert left.content == BEFORE


@pytest.mark.parametrize("number", range(4))
def test_after_a_fault_at_any_step_a_second_rollback_converges(journal: Journal, number: int):
    world = World(BEFORE)
    run(world, journal)
    world.before = at(number, cut)
    with pytest.raises(Stopped, match="network"):
        back(world, journal)
    world.before = lambda _: None
    back(world, journal)
    assert world.content == BEFORE


names = st.sampled_from(["a", "b", "c", "d", "e"])
values = st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 3) | st.lists(st.integers(0, 2), max_size=2))


@given(
    there=st.dictionaries(names, values),
    wanted=st.lists(st.tuples(values, st.sets(st.integers(0, 4))), min_size=1, max_size=5),
)
def test_whatever_is_there_an_apply_converges_and_a_rollback_restores_it(
    tmp_path_factory: pytest.TempPathFactory, there: dict[str, Any], wanted: list[tuple[Any, set[int]]]
):
    journal = Journal(tmp_path_factory.mktemp("journal") / "journal.jsonl")
    before = {f"thing/{name}": {"properties": one, "ours": None} for name, one in there.items()}
    world = World(before)
    resources = by_key(
        *(
            thing("abcde"[index], ["abcde"[other] for other in needs if other < index], **one)
            for index, (one, needs) in enumerate(wanted)
        )
    )
    changes = {step.resource.key for step in plan(world, resources, journal).changes}
    assert set(run(world, journal, resources)) == changes
    assert not plan(world, resources, journal).changes
    assert {key: one for key, one in properties(world).items() if key not in resources} == {
        key: one["properties"] for key, one in before.items() if key not in resources
    }
    if changes:
        back(world, journal)
    assert properties(world) == {key: one["properties"] for key, one in before.items()}


def test_what_was_made_in_part_before_a_refusal_is_taken_back_all_the_same(journal: Journal):
    """A log group whose retention may not be set: it is there, so it is ours to delete."""
    world = World()

    class Denied(Exception):
        response: ClassVar[Any] = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 400}}

    def half(operation: str) -> None:
        if operation.startswith("create"):
            world.put("spoil", operation.partition(" ")[2], {"properties": {}, "ours": None})
            raise Denied

    def refuse(operation: str) -> None:
        if operation.startswith("change"):
            raise Denied

    world.after, world.before = half, refuse
    with pytest.raises(Stopped):
        run(world, journal, by_key(thing("base", size=1)))
    assert world.content
    world.after = world.before = lambda _: None
    assert back(world, journal) == ["thing/base"]
    assert world.content == {}
