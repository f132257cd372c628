"""Getting the images that services need, before any of them starts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import docker.errors

from obsiverse.compose import Service
from obsiverse.engine.docker.compose_cli import Compose
from obsiverse.engine.report import Reporter

# Such as `#12 [endpoints build 7/8] RUN …`, of BuildKit's plain progress.
_STEP = re.compile(r"^#\d+ \[(\S+) (?:\S+ )?(\d+/\d+)\] (.*)")
_PULLED = re.compile(r"^\s*(\S+) (Pulling|Pulled)\b")


def get_images(
    client: Any, compose: Compose, project: str, services: Sequence[Service], report: Reporter, *, build: bool
) -> None:
    """Build or pull what is not here.

    Args:
        client: the engine's.
        build: build also what is here; quick where no source has changed.

    Raises:
        EngineError: an image can't be built or pulled.
    """
    wanted = [
        one for one in services if (build and one.build) or not _is_here(client, one.image or f"{project}-{one.name}")
    ]
    _build(compose, [one.name for one in wanted if one.build], report)
    _pull(compose, [one.name for one in wanted if not one.build], report)


def _is_here(client: Any, image: str) -> bool:
    try:
        client.api.inspect_image(image)
    except docker.errors.ImageNotFound:
        return False
    return True


def _build(compose: Compose, names: Sequence[str], report: Reporter) -> None:
    def show(line: str) -> None:
        if step := _STEP.match(line):
            report.stage(step[1], "getting", f"building {step[2]} {step[3]}")

    if names:
        for name in names:
            report.stage(name, "getting", "building")
        compose.run("build", *names, on_line=show)
        for name in names:
            report.stage(name, "ready")


def _pull(compose: Compose, names: Sequence[str], report: Reporter) -> None:
    def show(line: str) -> None:
        if found := _PULLED.match(line):
            report.stage(
                found[1], "getting" if found[2] == "Pulling" else "ready", "pulling" if found[2] == "Pulling" else ""
            )

    if names:
        for name in names:
            report.stage(name, "getting", "pulling")
        compose.run("pull", *names, on_line=show)
