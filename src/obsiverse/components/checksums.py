"""Publishers' checksum files, and `components.lock`: the sums that were seen before."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ValidationError

from obsiverse.components.errors import ComponentError
from obsiverse.components.filelock import hold
from obsiverse.components.progress import ignore
from obsiverse.components.settings import Platform

_LINE = re.compile(r"(?P<sum>[0-9a-fA-F]{64})(?:[ \t]+\*?(?P<name>\S.*?))?[ \t]*")


def sha256_of(path: Path) -> str:
    """The sha256 sum of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def published_sum(text: str, file: str, *, of_it_alone: bool = False) -> str | None:
    """The sha256 sum of `file` in the text of a checksum file, as sha256sum(1) writes it.

    A sum that stands alone, with no name, counts for any file. None if there is no sum.

    Args:
        of_it_alone: the checksum file is named after `file`, so its one sum is meant for it whatever stands beside it:
            Grafana's say what the file was called when it was built (grafana/grafana#124709).
    """
    found = [match for line in text.splitlines() if (match := _LINE.fullmatch(line.strip()))]
    for match in found:
        if match["name"] and match["name"].removeprefix("./") == file:
            return match["sum"].lower()
    if len(found) == 1 and (of_it_alone or not found[0]["name"]):
        return found[0]["sum"].lower()
    return None


_SUM = re.compile(r"[0-9a-f]{64}")


class Entry(BaseModel):
    """One file that was downloaded and matched its publisher's sum."""

    component: str
    version: str
    os: str
    arch: str
    file: str
    sha256: str


class _Content(BaseModel):
    releases: list[Entry] = []


class ComponentsLock:
    """The file `components.lock`.

    Args:
        path: the file; it may not exist yet.
        guard: the file that is locked while it is changed.
    """

    def __init__(self, path: Path, guard: Path) -> None:
        self._path = path
        self._guard = guard

    def sum_of(self, component: str, version: str, platform: Platform) -> str | None:
        """The sum that a release must have; None if it was never downloaded.

        Raises:
            ComponentError: the file can't be read.
        """
        wanted = (component, version, platform.os, platform.arch)
        for entry in self._read().releases:
            if (entry.component, entry.version, entry.os, entry.arch) == wanted:
                return entry.sha256
        return None

    def add(self, entry: Entry) -> bool:
        """Keep the sum of a release.

        Returns:
            False where the file can't be written, as in a checkout that belongs to someone else.
        """
        if not os.access(self._path.parent, os.W_OK):
            return False
        with hold(self._guard, self._path.name, ignore):
            content = self._read()
            if entry not in content.releases:
                content.releases.append(entry)
                content.releases.sort(key=lambda e: (e.component, e.version, e.os, e.arch))
                new = self._path.with_name(f".{self._path.name}.new")
                new.write_text(content.model_dump_json(indent=2) + "\n")
                new.replace(self._path)
        return True

    def _read(self) -> _Content:
        try:
            return _Content.model_validate_json(self._path.read_text())
        except FileNotFoundError:
            return _Content()
        except (OSError, ValidationError) as error:
            raise ComponentError(f"{self._path} can't be read: {error}", "Restore it from version control.") from error


def go_release_sum(index: str, file: str) -> str | None:
    """The sha256 sum of `file` in the JSON that go.dev/dl?mode=json answers."""
    try:
        releases = cast("list[dict[str, list[dict[str, str]]]]", json.loads(index))
        sums = {each["filename"]: each["sha256"] for release in releases for each in release["files"]}
    except (ValueError, KeyError, TypeError):
        return None
    return sums.get(file)


def plugin_sum(entry: str, platform: Platform) -> str | None:
    """The sha256 sum of a plugin's archive in the JSON of its version in Grafana's catalogue.

    Its `packages` have an entry for each platform, or one named `any`.
    """
    try:
        packages = cast("dict[str, dict[str, str]]", json.loads(entry)["packages"])
        package = packages.get(str(platform)) or packages["any"]
        found = package["sha256"].lower()
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if _SUM.fullmatch(found) else None
