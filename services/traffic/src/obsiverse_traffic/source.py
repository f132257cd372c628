"""Rows from where a plan says."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

FETCH_SECONDS = 60.0


class SourceError(Exception):
    """The rows can't be read; the message says why."""


async def load(source: str | Sequence[str]) -> Sequence[str]:
    """The rows of an S3 URL, one a line, or those given. Raises SourceError.

    A CSV file stands without a header, as everywhere in SageMaker.
    """
    if not isinstance(source, str):
        return source
    rows = [line for line in (await _fetch(source)).splitlines() if line.strip()]
    if not rows:
        raise SourceError(f"{source} has no rows")
    return rows


async def _fetch(url: str) -> str:
    # A process of its own: an S3 client takes more memory than all the rest of this service, and is needed once.
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "obsiverse_traffic.fetch", url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            output, errors = await child.communicate()
    except TimeoutError:
        raise SourceError(f"{url} could not be read within {FETCH_SECONDS:.0f} s") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        lines = errors.decode("utf-8", "replace").strip().splitlines()
        raise SourceError(f"{url} can't be read: {lines[-1] if lines else f'exit code {child.returncode}'}")
    try:
        return output.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{url} is no text: {error}") from None
