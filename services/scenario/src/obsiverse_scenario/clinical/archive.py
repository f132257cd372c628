"""The user's code as SageMaker wants it: a tar archive, the same bytes for the same files."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

FOLDER = Path(__file__).parent / "source"


def sourcedir() -> bytes:
    """sourcedir.tar.gz."""
    buffer = io.BytesIO()
    # Times of writing would make another archive, and so another release, of the same code.
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for file in sorted(FOLDER.glob("*.py")):
            content = file.read_bytes()
            member = tarfile.TarInfo(file.name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
