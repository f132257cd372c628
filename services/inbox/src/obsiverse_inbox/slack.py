"""Slack's incoming webhook: what it takes, and the errors it answers with.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs

from obsiverse_inbox import mrkdwn
from obsiverse_inbox.messages import Incoming, one_line, storable

MAX_ATTACHMENTS = 100
_COLOURS = {"good": "#2eb67d", "warning": "#ecb22e", "danger": "#e01e5a"}
_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


class SlackError(Exception):
    """A webhook call that Slack would refuse. `code` is the whole body of its answer, with HTTP status 400."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Section:
    """One piece of a message, as shown. Texts are mrkdwn, except `heading`; `colour` is #rgb or #rrggbb."""

    text: str = ""
    heading: str = ""
    link: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    buttons: tuple[tuple[str, str], ...] = ()
    footer: str = ""
    colour: str | None = None
    divider: bool = False


def incoming(content_type: str, body: bytes) -> Incoming:
    """A call of the webhook as a message.

    Args:
        content_type: JSON is the body itself; of a form it is the field `payload`.

    Raises:
        SlackError: Slack would refuse it.
    """
    payload = _payload(content_type, body)
    _check(payload)
    parts = sections(payload)
    lines = [line for part in parts for line in _words(part)]
    fallbacks = [_string(item, "fallback") for item in _objects(payload, "attachments")]
    first = mrkdwn.to_text(_string(payload, "text")) or next(iter([*lines, *fallbacks]), "")
    channel = _string(payload, "channel")
    return Incoming(
        kind="slack",
        sender=_string(payload, "username") or "Slack webhook",
        recipients=(channel,) if channel else (),
        subject=one_line(first),
        text="\n".join(lines) or "\n".join(fallbacks),
        raw=json.dumps(payload, ensure_ascii=False).encode(),
    )


def sections(payload: dict[str, Any]) -> list[Section]:
    """What a payload shows. Where there are blocks, its `text` is only for notifications, as in Slack."""
    found = list(_blocks(payload, None))
    text = _string(payload, "text")
    if text and not found:
        found.append(Section(text=text))
    for attachment in _objects(payload, "attachments"):
        found += _attachment(attachment)
    return found


def _payload(content_type: str, body: bytes) -> dict[str, Any]:
    try:
        text = body.decode()
        if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            text = parse_qs(text, strict_parsing=True)["payload"][0]
        payload = json.loads(text)
    except (ValueError, KeyError, RecursionError):
        raise SlackError("invalid_payload") from None
    if not isinstance(payload, dict):
        raise SlackError("invalid_payload")
    return cast("dict[str, Any]", _clean(payload))


def _check(payload: dict[str, Any]) -> None:
    for key in ("blocks", "attachments"):
        value = payload.get(key)
        if value is not None and not (
            isinstance(value, list) and all(isinstance(x, dict) for x in cast("list[Any]", value))
        ):
            raise SlackError("invalid_blocks" if key == "blocks" else "invalid_payload")
    if not isinstance(payload.get("text", ""), str | int | float | None):
        raise SlackError("invalid_payload")
    if len(_objects(payload, "attachments")) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    if not (_string(payload, "text").strip() or payload.get("blocks") or payload.get("attachments")):
        raise SlackError("no_text")


def _attachment(attachment: dict[str, Any]) -> Iterator[Section]:
    colour = _colour(_string(attachment, "color"))
    texts = (_string(attachment, "pretext"), _string(attachment, "text"))
    section = Section(
        text="\n".join(text for text in texts if text),
        heading=mrkdwn.to_text(_string(attachment, "title")),
        link=mrkdwn.safe_url(_string(attachment, "title_link")),
        fields=tuple((_string(field, "title"), _string(field, "value")) for field in _objects(attachment, "fields")),
        buttons=_buttons(_objects(attachment, "actions")),
        footer=_string(attachment, "footer"),
        colour=colour,
    )
    if any((section.text, section.heading, section.fields, section.buttons)):
        yield section
    blocks = list(_blocks(attachment, colour))
    yield from blocks
    if not blocks and section == Section(colour=colour, footer=section.footer, link=section.link):
        yield Section(text=_string(attachment, "fallback"), footer=section.footer, colour=colour)


def _blocks(holder: dict[str, Any], colour: str | None) -> Iterator[Section]:
    for block in _objects(holder, "blocks"):
        match block.get("type"):
            case "divider":
                yield Section(divider=True, colour=colour)
            case "header":
                yield Section(heading=_text_object(block), colour=colour)
            case "context":
                texts = (_text_of(element) for element in _objects(block, "elements"))
                yield Section(footer="  ".join(texts), colour=colour)
            case "actions":
                yield Section(buttons=_buttons(_objects(block, "elements")), colour=colour)
            case _:
                fields = tuple(("", _text_of(field)) for field in _objects(block, "fields"))
                yield Section(text=_text_object(block) or _flatten(block), fields=fields, colour=colour)


def _text_object(block: dict[str, Any]) -> str:
    text = block.get("text")
    return _text_of(cast("dict[str, Any]", text)) if isinstance(text, dict) else ""


def _text_of(element: dict[str, Any]) -> str:
    return _string(element, "text") or _string(element, "alt_text")


def _flatten(block: dict[str, Any]) -> str:
    """The words of a rich_text or image block."""
    words = [_string(block, "alt_text"), *(_text_of(e) or _flatten(e) for e in _objects(block, "elements"))]
    return "".join(words)


def _buttons(elements: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_text_object(element) or _string(element, "text") or url, url)
        for element in elements
        if (url := mrkdwn.safe_url(_string(element, "url")))
    )


def _words(section: Section) -> Iterator[str]:
    pairs = (f"{title}: {value}" if title else value for title, value in section.fields)
    for text in (section.heading, section.text, *pairs, *(label for label, _ in section.buttons), section.footer):
        if text:
            yield mrkdwn.to_text(text)


def _colour(value: str) -> str | None:
    if value in _COLOURS:
        return _COLOURS[value]
    found = _HEX.fullmatch(value)
    return f"#{found[1]}" if found else None


def _objects(holder: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = holder.get(key)
    if not isinstance(value, list):
        return []
    return [cast("dict[str, Any]", item) for item in cast("list[Any]", value) if isinstance(item, dict)]


def _string(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key)
    return str(value) if isinstance(value, str | int | float) else ""


def _clean(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case list():
            return [_clean(item) for item in cast("list[Any]", value)]
        case dict():
            return {storable(key): _clean(item) for key, item in cast("dict[str, Any]", value).items()}
        case _:
            return value
