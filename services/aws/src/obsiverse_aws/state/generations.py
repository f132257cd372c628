"""An account's state of a container, in a file: saved where it changed, loaded from the newest generation that can be read."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from obsiverse_aws.state import files, pickling
from obsiverse_aws.state.containers import Container

LOG = logging.getLogger(__name__)

SUFFIX = ".state"


class Saved(NamedTuple):
    """What a save was. Seconds are those in which no request was served; size is in bytes, 0 where nothing had changed."""

    seconds: float
    size: int


class Generations:
    """The files of a folder: FOLDER/service/name.account.state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digests: dict[Path, bytes] = {}
        self._lock = threading.RLock()

    def save(self, container: Container, account: str) -> Saved:
        """Save an account's state, unless it is as it was saved last.

        Raises OSError, or what pickling.dumps raises.
        """
        file = self._file(container, account)
        # One at a time, so that what is older never comes to lie over what is newer, nor over what is removed.
        with self._lock:
            if account not in container.accounts:
                self._digests.pop(file, None)
                files.remove(file)
                return Saved(0.0, 0)
            began = time.perf_counter()
            content = pickling.dumps(container.extract(account))
            seconds = time.perf_counter() - began
            digest = hashlib.sha256(content).digest()
            if self._digests.get(file) == digest:
                return Saved(seconds, 0)
            files.write(file, content)
            self._digests[file] = digest
            return Saved(seconds, len(content))

    def saved(self, container: Container) -> list[str]:
        """The accounts whose state of a container there is, SHARED among them."""
        files_ = (self._folder / container.service).glob(f"{container.name}.*{SUFFIX}*")
        return sorted({one.name.split(".")[1] for one in files_ if one.suffix in {SUFFIX, files.PREVIOUS}})

    def services(self) -> list[str]:
        """The services that have files."""
        return sorted({one.parent.name for one in self._folder.glob(f"*/*{SUFFIX}*")})

    def held(self) -> AbstractContextManager[object]:
        """A block in which nothing is saved but by its own thread."""
        return self._lock

    def remove(self, account: str) -> None:
        """Remove all state of an account."""
        with self._lock:
            for file in self._folder.glob(f"*/*.{account}{SUFFIX}*"):
                self._digests.pop(file, None)
                file.unlink()

    def load(self, container: Container, account: str) -> bool:
        """Put back an account's state; whether from the newest generation. One that can't be read is set aside and logged."""
        newest = self._file(container, account)
        tried = files.generations(newest)
        for file in tried:
            try:
                container.inject(account, pickling.loads(files.read(file)))
            except Exception:
                # Whatever unpickling raises: an older generation is better than none, and none better than no start.
                LOG.exception("the state of %s in account %s can't be read from %s", container.service, account, file)
                files.set_aside(file)
            else:
                if file != newest:
                    LOG.warning(
                        "account %s has the state of %s of an earlier save, %s", account, container.service, file
                    )
                return file == newest
        LOG.error("account %s starts without its state of %s", account, container.service)
        return False

    def _file(self, container: Container, account: str) -> Path:
        return self._folder / container.service / f"{container.name}.{account}{SUFFIX}"
