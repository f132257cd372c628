"""The model container's own test tools, and the mark of tests that need a GPU."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

MODEL_TESTS = Path(__file__).parents[2] / "services" / "model" / "tests"
sys.path.insert(0, str(MODEL_TESTS))


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line("markers", "gpu: needs an NVIDIA GPU that torch can use")
