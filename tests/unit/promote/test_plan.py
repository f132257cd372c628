"""Plans: what would be done, and nothing done for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.promote.apply import apply
from obsiverse.promote.difference import differences
from obsiverse.promote.errors import PromoteError, WrongAccount
from obsiverse.promote.journal import Journal
from obsiverse.promote.plan import Action, desired, make_plan
from obsiverse.promote.prices import Prices
from obsiverse.promote.resource import Ref, Resource
from tests.unit.promote.memory import MemoryKind, StillPlace, World, by_key, kinds, plan, quiet, target, thing


def action(world: World, journal: Journal, resource: Resource) -> Action:
    return plan(world, by_key(resource), journal).steps[resource.key].action


def test_what_is_not_there_is_created_what_differs_changed_and_the_rest_kept(journal: Journal):
    world = World(
        {"thing/same": {"properties": {"x": 1}, "ours": True}, "thing/old": {"properties": {"x": 1}, "ours": True}}
    )
    made = plan(world, by_key(thing("same", x=1), thing("old", x=2), thing("new", x=3)), journal)
    assert {key: step.action for key, step in made.steps.items()} == {
        "thing/same": Action.KEEP,
        "thing/old": Action.CHANGE,
        "thing/new": Action.CREATE,
    }
    [difference] = made.steps["thing/old"].differences
    assert (difference.path, difference.old, difference.new) == ("x", 1, 2)


def test_a_plan_writes_nothing(journal: Journal):
    world = World({"thing/old": {"properties": {"x": 1}, "ours": True}})
    plan(world, by_key(thing("old", x=2), thing("new")), journal)
    assert world.writes == []
    assert not journal.file.exists()


def test_what_nobody_asked_for_is_shown_and_never_deleted(journal: Journal):
    world = World({"thing/theirs": {"properties": {}, "ours": True}})
    made = plan(world, by_key(thing("new")), journal)
    assert made.others == ["thing/theirs"]
    assert [step.resource.key for step in made.changes] == ["thing/new"]


def test_somebody_elses_is_in_the_way_or_used_as_it_is(journal: Journal):
    world = World({"thing/a": {"properties": {}, "ours": False}, "shared/a": {"properties": {}, "ours": False}})
    assert action(world, journal, thing("a", x=1)) is Action.TAKEN
    assert action(world, journal, Resource("shared", "a", {"x": 1})) is Action.USE


def test_an_address_that_is_not_known_yet_is_said_to_be_so(journal: Journal):
    made = plan(World(), by_key(thing("base"), Resource("thing", "child", {"in": Ref("thing/base", "id")})), journal)
    shown = made.steps["thing/child"].to_json()["properties"]["in"]
    assert "known after apply" in shown
    assert "thing/base" in shown


def test_what_changed_behind_our_back_is_told_from_what_we_change(journal: Journal):
    world, resources = World(), by_key(thing("a", x=1))
    with journal:
        apply(plan(world, resources, journal), kinds(world), StillPlace(target()), journal, quiet)
    ours = plan(world, by_key(thing("a", x=2)), journal).steps["thing/a"]
    assert (ours.action, ours.note) == (Action.CHANGE, "")
    world.put("edit", "thing/a", {"properties": {"x": 5}, "ours": True})
    theirs = plan(world, resources, journal).steps["thing/a"]
    assert theirs.action is Action.CHANGE
    assert "since it was applied" in theirs.note


def test_secrets_are_hidden_in_a_plan(journal: Journal):
    world = World({"thing/a": {"properties": {"token": "abc-old"}, "ours": True}})
    new = thing("b", environment={"DB_PASSWORD": "abc-new", "URL": "https://user:abc-url@example.com/"})
    made = plan(world, by_key(thing("a", token="abc-new"), new), journal)
    assert "abc" not in json.dumps(made.to_json())
    assert "sensitive" in json.dumps(made.to_json())


def test_things_that_need_each_other_are_refused(journal: Journal):
    with pytest.raises(PromoteError, match="circle"):
        plan(World(), by_key(thing("a", ["b"]), thing("b", ["a"])), journal)


def test_a_need_that_nothing_makes_is_refused():
    class Lost(MemoryKind):
        def desired(self, source: Any):
            return [thing("a", ["nowhere"])]

    with pytest.raises(PromoteError, match="thing/nowhere"):
        desired({"thing": Lost(World())}, None)  # pyright: ignore[reportArgumentType]


def test_nothing_is_read_with_another_accounts_credentials(journal: Journal):
    class Elsewhere(StillPlace):
        def identity(self) -> str:
            raise WrongAccount("another account", "")

    read: list[str] = []

    class Watched(MemoryKind):
        def read(self, place: Any, resource: Resource):
            place.identity()
            read.append(resource.key)

    with pytest.raises(WrongAccount):
        make_plan({"thing": Watched(World())}, by_key(thing("a")), Elsewhere(target()), journal, Prices({}))
    assert read == []


def test_what_runs_is_priced_and_what_has_no_price_is_named(journal: Journal):
    class Priced(MemoryKind):
        def cost(self, resource: Resource, prices: Prices) -> float:
            return prices.instance(resource.properties["type"]) * 2

    resources = by_key(thing("a", type="ml.m5.large"), thing("b", type="ml.new.large"))
    prices = Prices({"ml.m5.large": 0.115})
    made = make_plan({"thing": Priced(World())}, resources, StillPlace(target()), journal, prices)
    assert made.cost == pytest.approx(0.23)
    assert made.unpriced == ["ml.new.large"]


texts = st.text(max_size=3)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(documents, documents)
def test_there_is_a_difference_exactly_where_documents_differ(old: Any, new: Any):
    # As JSON has them: True is no 1 there, and [] no {}.
    assert (list(differences(old, new)) == []) == (json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True))


def test_a_number_is_the_same_whether_it_is_whole_or_not():
    assert list(differences({"x": 1.0}, {"x": 1})) == []
    assert [one.path for one in differences({"x": True}, {"x": 1})] == ["x"]


def test_long_texts_are_shown_as_lines_that_differ():
    [difference] = differences({"rules": "a\nb\nc\n"}, {"rules": "a\nB\nc\n"})
    assert "-b" in difference.lines()
    assert "+B" in difference.lines()
    assert "-a" not in difference.lines()
