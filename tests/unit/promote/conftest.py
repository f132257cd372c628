"""What tests of promotion share."""

from __future__ import annotations

from pathlib import Path

import pytest

from obsiverse.promote.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal that is not there yet."""
    return Journal(tmp_path / "stage.journal.jsonl")
