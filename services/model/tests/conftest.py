"""Fixtures: a training job, a serving container."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, settings

# The tests are no package: what they share is found beside them.
sys.path.insert(0, str(Path(__file__).parent))

from containers import S3, Container, Job, Served, eventually, free_port

# The first example imports torch or numpy, and other programs may hold the machine.
settings.register_profile("service", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("service")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A training job to be defined."""
    return Job(tmp_path)


@pytest.fixture
def container(tmp_path: Path) -> Container:
    """A serving container's folder."""
    return Container(tmp_path)


@pytest.fixture
def serve(container: Container) -> Iterator[Callable[..., Served]]:
    """Start `serve` in `container`; `code` is its inference.py."""
    started: list[Served] = []

    def start(code: str | None = None, ready: bool = True, **environment: str) -> Served:
        if code is not None:
            container.write("model/code/inference.py", code)
        port = free_port()
        process = container.start("serve", SAGEMAKER_BIND_TO_PORT=str(port), **environment)
        served = Served(process, f"http://127.0.0.1:{port}")
        started.append(served)

        def answers() -> bool:
            if process.poll() is not None:
                pytest.fail(f"it ended with {process.returncode}: {process.communicate()[1]}")
            try:
                status = served.client.get("/ping").status_code
            except httpx.TransportError:
                return False
            return status == 200 or not ready

        eventually(answers)
        return served

    yield start
    for served in started:
        served.client.close()
        served.process.kill()
        served.process.communicate()


@pytest.fixture
def s3() -> Iterator[S3]:
    """S3 as moto has it."""
    moto = pytest.importorskip("moto.server", reason="moto's server is not installed")
    server = moto.ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3(f"http://{host}:{port}")
    finally:
        server.stop()
