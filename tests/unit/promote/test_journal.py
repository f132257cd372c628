"""The journal: what it keeps, who may write it, and what it does with what is broken."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.journal import Journal
from obsiverse.promote.rollback import undo_of
from tests.unit.promote.memory import ACCOUNT, thing


def test_only_its_owner_can_read_it(journal: Journal):
    with journal:
        journal.begin(ACCOUNT, "eu-west-1")
    assert stat.S_IMODE(journal.file.stat().st_mode) == 0o600


def test_one_promotion_at_a_time_writes(journal: Journal):
    with journal, pytest.raises(PromoteError, match="another promotion"), Journal(journal.file):
        pass


def test_a_line_that_a_crash_cut_short_counts_as_not_written(journal: Journal):
    with journal:
        journal.begin(ACCOUNT, "eu-west-1")
        journal.intend(thing("a", x=1), frozenset(), None)
    with journal.file.open("a") as file:
        file.write('{"event": "done", "run"')
    with Journal(journal.file) as again:
        assert again.owns("thing/a")
        assert again.fingerprint("thing/a") is None
        again.done("thing/a", {"x": 1})
    assert all(json.loads(line) for line in journal.file.read_text().splitlines())
    assert Journal(journal.file).fingerprint("thing/a")


def test_a_line_that_is_no_json_is_named(journal: Journal):
    journal.file.write_text('{"event": "begin", "run": "1"}\nnonsense\n')
    with pytest.raises(PromoteError, match=r"journal\.jsonl:2"):
        Journal(journal.file)


def test_what_a_newer_obsiverse_wrote_is_not_guessed_at(journal: Journal):
    journal.file.write_text('{"event": "begin", "run": "1"}\n{"event": "teleport", "run": "1"}\n')
    with pytest.raises(PromoteError, match="teleport"):
        Journal(journal.file)


def test_an_apply_that_was_cut_off_is_gone_on_with_and_keeps_what_was_before(journal: Journal):
    with journal:
        first = journal.begin(ACCOUNT, "eu-west-1")
        journal.intend(thing("a", x=2), frozenset(), {"x": 1})
    with Journal(journal.file) as again:
        assert again.begin(ACCOUNT, "eu-west-1").id == first.id
        # By now it is as the first try left it.
        again.intend(thing("a", x=3), frozenset(), {"x": 2})
        assert again.runs[-1].changes["thing/a"].before == {"x": 1}


def test_what_was_refused_is_not_ours(journal: Journal):
    with journal:
        journal.begin(ACCOUNT, "eu-west-1")
        journal.intend(thing("a"), frozenset(), None)
        assert journal.owns("thing/a")
        journal.refused("thing/a", "it exists")
        assert not journal.owns("thing/a")
        undo = undo_of(journal)
        assert undo is None or "thing/a" not in undo.deletes


def test_a_journal_that_is_not_open_takes_nothing(journal: Journal, tmp_path: Path):
    with pytest.raises(RuntimeError):
        journal.begin(ACCOUNT, "eu-west-1")
    assert list(tmp_path.iterdir()) == []
