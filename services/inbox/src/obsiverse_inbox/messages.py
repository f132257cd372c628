"""What the inbox keeps: a message, whatever way it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["mail", "slack", "sns"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PREVIEW_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that has arrived and is not kept yet.

    Attributes:
        kind: how it came.
        sender: whom it is from, as shown.
        recipients: whom it is for; empty where the sender left that open.
        subject: one line.
        text: its words without markup, for reading and searching.
        raw: the bytes that arrived: a mail, or JSON.
    """

    kind: Kind
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Summary:
    """A kept message as it stands in a list. `received_at` is in Unix seconds, `size` in bytes."""

    id: int
    received_at: float
    kind: Kind
    sender: str
    recipients: tuple[str, ...]
    subject: str
    preview: str
    size: int

    def to_json(self) -> dict[str, Any]:
        """As the API gives it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "received_at": self.received_at,
            "from": self.sender,
            "to": list(self.recipients),
            "subject": self.subject,
            "preview": self.preview,
            "size": self.size,
        }


@dataclass(frozen=True, slots=True)
class Message:
    """A kept message with its content."""

    summary: Summary
    text: str
    raw: bytes


def one_line(text: str, limit: int = 200) -> str:
    """The first line that says something, cut to `limit` characters."""
    line = next((stripped for line in text.splitlines() if (stripped := line.strip())), "")
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def storable(text: str) -> str:
    """Text with what UTF-8 can't hold (a lone surrogate, as JSON may escape one) replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")
