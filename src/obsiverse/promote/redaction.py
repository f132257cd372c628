"""What may be shown and kept: everything but secrets."""

from __future__ import annotations

import re
from typing import Any, cast

HIDDEN = "(sensitive)"
_NAMES = re.compile(
    r"secret|token|passw|credential|api_?key|access_?key|private_?key|webhook|connection_?string|authorization|routing_?key",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")
_HOOK = re.compile(r"(https?://[^\s/\"']*(?:hooks\.|webhook)[^\s/\"']*)/[^\s\"']+", re.IGNORECASE)
_KEY_ID = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
_TOKEN = re.compile(r"\bgls[a-z]_[A-Za-z0-9_]{20,}")


def redacted(value: Any, name: str = "") -> Any:
    """The same with secrets hidden: by the name of a member, and by their shape in texts.

    A member that holds a reference to a secret (an ARN of Secrets Manager) is no secret.
    """
    if isinstance(value, dict):
        return {key: redacted(one, str(key)) for key, one in cast(dict[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [redacted(one, name) for one in cast(list[Any], value)]
    if not isinstance(value, str):
        return value
    if _NAMES.search(name) and value and not value.startswith("arn:"):
        return HIDDEN
    return text(value)


def text(value: str) -> str:
    """A text without what is known by its shape: passwords in URLs, webhooks' paths, access keys, Grafana's tokens."""
    value = _USERINFO.sub(f"{HIDDEN}@", value)
    value = _HOOK.sub(rf"\1/{HIDDEN}", value)
    return _TOKEN.sub(HIDDEN, _KEY_ID.sub(HIDDEN, value))


def has_hidden(value: Any) -> bool:
    """Whether something was hidden in it, so that it can't be written back."""
    if isinstance(value, dict):
        return any(has_hidden(one) for one in cast(dict[str, Any], value).values())
    if isinstance(value, list):
        return any(has_hidden(one) for one in cast(list[Any], value))
    return isinstance(value, str) and HIDDEN in value
