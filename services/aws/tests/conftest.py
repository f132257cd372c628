"""The platform that the tests share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The helpers stand beside the tests, under whatever import mode pytest runs.
sys.path.insert(0, str(Path(__file__).parent))

from obsiverse_aws import service_index
from platform_under_test import Platform

settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with LocalStack's index of service models."""
    folder = tmp_path_factory.mktemp("cache")
    service_index.ensure(folder)
    return folder


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Platform]:
    """The edge, the agent and the data plane; shared, so each test has names of its own."""
    started = Platform(tmp_path_factory.mktemp("shared"), cache)
    try:
        started.start()
        yield started
    finally:
        started.end()
