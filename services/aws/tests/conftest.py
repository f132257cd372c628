"""The platform that the tests share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The helpers stand beside the tests, under whatever import mode pytest runs.
sys.path.insert(0, str(Path(__file__).parent))

from grafana_under_test import GrafanaPlatform
from obsiverse_aws import service_index
from platform_under_test import ACCOUNT, REGION, ROOT, START_SECONDS, Platform, answers, free_port, wait_for

ENVIRONMENT_OF_TELEMETRY = """
from pathlib import Path
from obsiverse.components import python_environment
print(python_environment(Path("services/telemetry"), Path(".obsiverse/venvs")))
"""

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


@pytest.fixture(scope="session")
def observed(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Platform]:
    """An edge with the data planes of Logs, X-Ray and Managed Prometheus; shared, so each test has names of its own."""
    made = subprocess.run(
        [ROOT / ".venv/bin/python", "-c", ENVIRONMENT_OF_TELEMETRY],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    folder, address = tmp_path_factory.mktemp("observed"), f"127.0.0.1:{free_port()}"
    platform = Platform(folder, cache)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TELEMETRY_LISTEN", address)
        environment.setenv("TELEMETRY_DATA", str(folder / "telemetry"))
        environment.setenv("TELEMETRY_ADDR", address)
        environment.setenv("OBSIVERSE_ACCOUNT", ACCOUNT)
        environment.setenv("OBSIVERSE_REGION", REGION)
        platform._spawn("telemetry", [made.stdout.strip(), "-m", "obsiverse_telemetry"], {})
        try:
            wait_for(lambda: answers(f"http://{address}/health"), "telemetry", START_SECONDS)
            platform.start_agent()
            platform.agent.put_template("lambda-python", platform.lambda_template())
            platform.start_edge()
            yield platform
        finally:
            platform.end()


@pytest.fixture(scope="session")
def graphed(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[GrafanaPlatform]:
    """An edge with Managed Grafana; shared, so each test has accounts of its own."""
    started = GrafanaPlatform(tmp_path_factory.mktemp("graphed"), cache)
    try:
        started.start()
        yield started
    finally:
        started.end()
