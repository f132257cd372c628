"""One platform for all tests of a module."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The helpers stand beside the tests, under whatever import mode pytest runs.
sys.path.insert(0, str(Path(__file__).parent))

from platform_under_test import Platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The edge, the agent and the data plane; shared, so each test has names of its own."""
    started = Platform(tmp_path_factory.mktemp("shared"))
    try:
        started.start()
        yield started
    finally:
        started.end()
