"""Provisioning files: YAML whose texts name variables of the environment, as Grafana reads them.

`$NAME` and `${NAME}` are replaced, `$$` is one dollar, `$__env{NAME}` and `$__file{path}` are the longer ways.
https://grafana.com/docs/grafana/latest/administration/provisioning/
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import yaml

NAME = re.compile(r"\$\$|\$__(env|file)\{([^}]*)\}|\$\{(\w+)\}|\$(\w+)")
SUFFIXES = (".yaml", ".yml")


class BadFile(ValueError):
    """A provisioning file that can't be used; the message names it."""


def read_folder(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The files of a folder by name, each with its content, not expanded; raises BadFile."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.suffix in SUFFIXES:
            yield path, _read(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = cast("object", yaml.safe_load(path.read_text()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadFile(f"{path} can't be read: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise BadFile(
            f"{path} is not a mapping; see https://grafana.com/docs/grafana/latest/administration/provisioning/"
        )
    return cast("dict[str, Any]", content)


def entries(path: Path, content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The mappings in a list of a file; none where it has no such list. Raises BadFile."""
    found = cast("object", content.get(key) or [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in cast("list[object]", found)):
        raise BadFile(f"{path}: {key} is not a list of mappings")
    return cast("list[dict[str, Any]]", found)


def expand(value: Any, *, keep_unknown: bool = False, environment: Mapping[str, str] | None = None) -> Any:
    """A value of a file with the variables in all its texts replaced.

    Args:
        keep_unknown: a name that the environment does not have stays as it is, for queries and templates, whose own variables
            begin with a dollar too; else it is empty.
        environment: os.environ where it is None.

    Raises:
        BadFile: a file that $__file names can't be read.
    """
    known = os.environ if environment is None else environment
    return _walk(value, lambda text: NAME.sub(lambda found: _meaning(found, known, keep_unknown), text))


def _walk(value: Any, apply: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return apply(value)
    if isinstance(value, dict):
        return {key: _walk(each, apply) for key, each in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list):
        return [_walk(each, apply) for each in cast("list[Any]", value)]
    return value


def _meaning(found: re.Match[str], environment: Mapping[str, str], keep_unknown: bool) -> str:
    if found[0] == "$$":
        return "$"
    if found[1] == "file":
        try:
            return Path(found[2]).read_text().strip()
        except (OSError, ValueError) as error:
            raise BadFile(f"$__file{{{found[2]}}} can't be read: {error}") from None
    name = found[2] or found[3] or found[4]
    return environment.get(name, found[0] if keep_unknown else "")
