"""Archives for Lambda: the function's code, and the layer it needs, out of this environment's own packages."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

FUNCTION = Path(__file__).resolve().parents[2] / "function"
ROOTS = (
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-instrumentation-aws-lambda",
    "opentelemetry-instrumentation-botocore",
    "opentelemetry-propagator-aws-xray",
    "opentelemetry-sdk",
)
# A fixed time, so that the same content is the same archive, and nothing is deployed that did not change.
TIME = (1980, 1, 1, 0, 0, 0)
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def function() -> bytes:
    """The code, zipped."""
    return _zipped((path.name, path.read_bytes()) for path in sorted(FUNCTION.glob("*.py")))


def layer() -> bytes:
    """The packages that OpenTelemetry takes, zipped as a layer; without boto3, which the runtime has."""
    return _zipped(
        (f"python/{file}", Path(str(file.locate())).read_bytes())
        for name in sorted(_needed(ROOTS))
        for file in sorted(metadata.files(name) or (), key=str)
        if ".." not in file.parts and "__pycache__" not in file.parts and Path(str(file.locate())).is_file()
    )


def _needed(roots: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for requirement in metadata.requires(name) or ():
            words, _, marker = requirement.partition(";")
            match = _NAME.match(words)
            if match and "extra" not in marker and _is_here(match.group()):
                waiting.append(match.group())
    return found


def _is_here(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, TIME)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()
