"""Files of variables, as Compose reads them: `.env` and `env_file`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from obsiverse.compose.errors import ComposeError, Where
from obsiverse.compose.interpolate import Variables

SKIPPED = re.compile(r"(?:\s|#[^\n]*)*")
KEY = re.compile(r"(?:export[^\S\n]+)?(?P<name>[\w.\-\[\]]+)[^\S\n]*(?:(?P<sign>[=:])[^\S\n]*|\n|$)")
QUOTED = {quote: re.compile(rf"{quote}((?:[^{quote}\\]|\\.)*){quote}", re.DOTALL) for quote in "'\""}
ESCAPE = re.compile(r'\\(?:[abfnrtv$"\\]|0([0-3][0-7]{2}))')
ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "$": "$$", '"': '"', "\\": "\\"}


def read(
    file: Path,
    environment: Mapping[str, str],
    *,
    earlier: Mapping[str, str] | None = None,
    warnings: list[str] | None = None,
) -> dict[str, str]:
    """The variables of a file; a bare name takes its value from the environment, and is left out where it has none there.

    Args:
        environment: what values may refer to, before the lines above them.
        earlier: what they may refer to after those: the variables of files read before.
        warnings: grows by one for each variable that is referred to but not set.

    Raises:
        ComposeError: a line is not understood, or the file can't be read.
    """
    try:
        source = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ComposeError(f"can't be read: {error.strerror}", Where(file, 1)) from None
    except UnicodeDecodeError as error:
        raise ComposeError(f"is no UTF-8: {error.reason}", Where(file, 1)) from None
    reader = _Reader(
        file, source.replace("\r\n", "\n"), environment, earlier or {}, [] if warnings is None else warnings
    )
    return reader.read()


class _Reader:
    def __init__(
        self,
        file: Path,
        source: str,
        environment: Mapping[str, str],
        earlier: Mapping[str, str],
        warnings: list[str],
    ) -> None:
        self._file = file
        self._source = source
        self._environment = environment
        self._earlier = earlier
        self._warnings = warnings
        self._found: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        at = self._skip(0)
        while at < len(self._source):
            where = Where(self._file, self._source.count("\n", 0, at) + 1)
            key = KEY.match(self._source, at)
            if key is None:
                line = self._source[at:].split("\n", 1)[0]
                raise ComposeError(f"{line.strip()!r} is not NAME=value; write it so", where)
            at = key.end()
            if key["sign"]:
                self._found[key["name"]], at = self._value(key["name"], at, where)
            elif key["name"] in self._environment:
                self._found[key["name"]] = self._environment[key["name"]]
            at = self._skip(at)
        return self._found

    def _skip(self, at: int) -> int:
        skipped = SKIPPED.match(self._source, at)
        return skipped.end() if skipped else at

    def _value(self, name: str, at: int, where: Where) -> tuple[str, int]:
        quote = self._source[at : at + 1]
        if quote not in QUOTED:
            end = self._source.find("\n", at)
            end = len(self._source) if end < 0 else end
            plain = self._source[at:end].split(" #", 1)[0].rstrip()
            return self._expanded(plain, where), end
        quoted = QUOTED[quote].match(self._source, at)
        if quoted is None:
            raise ComposeError(f"{name} has a quote without end; close it", where)
        value = quoted[1].replace("\\" + quote, quote)
        return (self._expanded(_unescaped(value), where) if quote == '"' else value), quoted.end()

    def _expanded(self, text: str, where: Where) -> str:
        return Variables({**self._earlier, **self._found, **self._environment}, self._warnings).expand(text, where)


def _unescaped(text: str) -> str:
    return ESCAPE.sub(lambda match: chr(int(match[1], 8)) if match[1] else ESCAPES[match[0][1]], text)
