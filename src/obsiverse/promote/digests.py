"""SHA-256 of objects in S3, and of large ones remembered: a plan would read them whole each time."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from threading import Lock
from typing import Any

LARGE = 64 << 20
"""Bytes; what is smaller is read as fast as it is looked up."""
_BLOCK = 1 << 20


class Digests:
    """Digests that are known, by what S3 calls an object's content.

    Args:
        file: where they are kept; it need not be there.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        self._known: dict[str, list[Any]] = {}

    def of(self, s3: Any, bucket: str, key: str) -> tuple[str, int]:
        """Digest, in hex, and bytes of an object; its ETag and time tell whether it is the one that is known."""
        with self._lock:
            # One after the other: who asks for the same meanwhile finds it known.
            answer = s3.get_object(Bucket=bucket, Key=key)
            body, size = answer["Body"], int(answer["ContentLength"])
            mark = [answer["ETag"], answer["LastModified"].isoformat(), size]
            address = f"s3://{bucket}/{key}"
            if not self._known:
                self._read()
            if self._known.get(address, [None])[:-1] == mark:
                body.close()
                return str(self._known[address][-1]), size
            digest = hashlib.sha256()
            for block in body.iter_chunks(_BLOCK):
                digest.update(block)
            self._known[address] = [*mark, digest.hexdigest()]
            if size >= LARGE:
                self._write()
            return digest.hexdigest(), size

    def _read(self) -> None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            self._known = json.loads(self._file.read_text())

    def _write(self) -> None:
        large = {address: known for address, known in self._known.items() if known[2] >= LARGE}
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(large, indent=1))
        fresh.replace(self._file)
