"""Files of variables, as Compose reads them: `.env` and `env_file`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from obsiverse.compose.errors import ComposeError, Where
from obsiverse.compose.interpolate import Variables

LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*(?:(?P<sign>=)\s*(?P<value>.*))?$", re.DOTALL)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$$"}


def read(file: Path, environment: Mapping[str, str]) -> dict[str, str | None]:
    """The variables of a file; None where only a name stands. Values may refer to the environment and to lines above.

    Raises:
        ComposeError: a line is not understood, or the file can't be read.
    """
    try:
        lines = file.read_text().splitlines()
    except OSError as error:
        raise ComposeError(f"can't be read: {error.strerror}", Where(file, 1)) from None
    found: dict[str, str | None] = {}
    number = 0
    while number < len(lines):
        where = Where(file, number + 1)
        line = lines[number]
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.match(line)
        if match is None:
            raise ComposeError(f"{line.strip()!r} is not NAME=value", where)
        if match["sign"] is None:
            found[match["name"]] = None
            continue
        value = match["value"]
        if value[:1] in ("'", '"'):
            quote, raw = value[0], value[1:]
            while (end := _closing(raw, quote)) < 0:
                if number == len(lines):
                    raise ComposeError(f"{match['name']} has a quote without end", where)
                raw += "\n" + lines[number]
                number += 1
            raw = raw[:end]
            found[match["name"]] = raw if quote == "'" else _expand(_unescape(raw), found, environment, where)
        else:
            plain = re.split(r"\s+#", value, maxsplit=1)[0].strip()
            found[match["name"]] = _expand("" if plain.startswith("#") else plain, found, environment, where)
    return found


def _closing(text: str, quote: str) -> int:
    at = 0
    while at < len(text):
        if text[at] == "\\" and quote == '"':
            at += 2
            continue
        if text[at] == quote:
            return at
        at += 1
    return -1


def _unescape(text: str) -> str:
    return re.sub(r'\\([nrt"\\$])', lambda match: ESCAPES[match[1]], text)


def _expand(text: str, found: Mapping[str, str | None], environment: Mapping[str, str], where: Where) -> str:
    known = {**{name: value for name, value in found.items() if value is not None}, **environment}
    return Variables(known).expand(text, where)
