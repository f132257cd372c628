"""Identifiers and the times beside them, as Grafana writes them."""

from __future__ import annotations

import re
import secrets
import string
import unicodedata
from datetime import UTC, datetime

from obsiverse_lookout.errors import ApiError

ALPHABET = string.ascii_lowercase + string.digits
UID_LENGTH = 14
UID_MAX = 40
UID = re.compile(r"[a-zA-Z0-9_-]+")


def new_uid() -> str:
    """A fresh uid."""
    return "".join(secrets.choice(ALPHABET) for _ in range(UID_LENGTH))


def checked_uid(value: object) -> str:
    """A uid that a client chose, or a fresh one where it chose none.

    Raises:
        ApiError: 400, it is too long or has characters that a path can't hold.
    """
    if value is None or value == "":
        return new_uid()
    if not isinstance(value, str) or not UID.fullmatch(value):
        raise ApiError(400, "uid contains illegal characters; use letters, digits, - and _")
    if len(value) > UID_MAX:
        raise ApiError(400, f"uid too long, max {UID_MAX} characters")
    return value


def slugify(title: str) -> str:
    """A title as the last part of a dashboard's URL."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "-"


def now() -> str:
    """The time as ISO 8601, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
