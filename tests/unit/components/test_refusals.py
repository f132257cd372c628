"""What lately could not be had is not tried again by who has something else."""

from __future__ import annotations

import time

import pytest

from obsiverse.components import explain, get
from obsiverse.components.catalog import Distribution
from obsiverse.components.errors import ToolMissing
from obsiverse.components.refusals import Refusal, Refusals
from obsiverse.components.settings import ComponentSettings

from .conftest import Published, Publisher

HOUR = 3600.0


def refused(settings: ComponentSettings, remembered: float) -> str:
    with pytest.raises(ToolMissing) as caught:
        get("tool", settings=settings, remembered=remembered)
    return caught.value.message


def test_a_failure_is_the_answer_for_a_while(
    tool: Distribution, publisher: Publisher, settings: ComponentSettings
) -> None:
    first = refused(settings, HOUR)
    asked = len(publisher.requests)
    assert asked > 0
    again = refused(settings, HOUR)
    assert len(publisher.requests) == asked
    assert again.startswith(first)
    assert "(tried at " in again
    explained = explain("tool", settings=settings)
    assert (explained.ok, explained.text) == (None, again)


def test_who_has_nothing_else_tries_each_time(
    tool: Distribution, publisher: Publisher, settings: ComponentSettings
) -> None:
    refused(settings, 0)
    asked = len(publisher.requests)
    refused(settings, 0)
    assert len(publisher.requests) > asked


def test_what_came_is_taken_whatever_was_refused_before(
    tool: Distribution, publisher: Publisher, settings: ComponentSettings, request: pytest.FixtureRequest
) -> None:
    refused(settings, HOUR)
    request.getfixturevalue("release")
    get("tool", settings=settings)
    assert get("tool", settings=settings, remembered=HOUR).source == "release"
    assert not list(settings.components.rglob("refused-*"))


def test_other_sources_are_tried_at_once(
    tool: Distribution, publisher: Publisher, settings: ComponentSettings, request: pytest.FixtureRequest
) -> None:
    nowhere = settings.model_copy(update={"releases": "http://127.0.0.1:9"})
    refused(nowhere, HOUR)
    request.getfixturevalue("release")
    assert get("tool", settings=settings, remembered=HOUR).source == "release"


def test_a_note_is_good_for_its_time_only(settings: ComponentSettings) -> None:
    refusals = Refusals(settings.cache / "note.json", "here")
    assert refusals.last(HOUR) is None
    for at, kept in ((time.time() - HOUR - 1, False), (time.time() - HOUR / 2, True), (time.time() + HOUR, False)):
        refusals.file.parent.mkdir(parents=True, exist_ok=True)
        refusals.file.write_text(Refusal(at=at, sources="here", why="gone").model_dump_json())
        assert (refusals.last(HOUR) is not None) is kept
    refusals.file.write_text("{")
    assert refusals.last(HOUR) is None


@pytest.mark.parametrize("without", ["tool", "a, tool ,b"])
def test_what_the_user_does_without_counts_as_not_to_be_had(
    release: Published, publisher: Publisher, settings: ComponentSettings, without: str
) -> None:
    get("tool", settings=settings)
    asked = len(publisher.requests)
    chosen = settings.model_copy(update={"without": without})
    with pytest.raises(ToolMissing, match="OBSIVERSE_WITHOUT leaves tool out"):
        get("tool", settings=chosen)
    assert "leaves tool out" in explain("tool", settings=chosen).text
    assert len(publisher.requests) == asked
    assert get("tool", settings=settings.model_copy(update={"without": "tools"})).source == "release"


def test_a_release_is_what_it_says_where_nothing_was_refused(release: Published, settings: ComponentSettings) -> None:
    assert get("tool", settings=settings, remembered=HOUR).source == "release"
