"""A mail's bytes to what a reader wants of it (RFC 5322, MIME). No mail is too broken to be kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import errors, message_from_bytes
from email.header import decode_header
from email.message import Message as EmailMessage
from html.parser import HTMLParser
from typing import cast

from obsiverse_inbox.messages import Incoming, storable

# What the standard library's email package is known to raise for malformed headers and parts.
_MALFORMED = (errors.MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, taken apart. `text` and `html` are None where it has no such part; `headers` are in their order."""

    sender: str
    subject: str
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    headers: tuple[tuple[str, str], ...]


def parse(raw: bytes) -> Mail:
    """Take a mail apart; what is malformed is replaced or left out, never an error."""
    try:
        return _take_apart(raw)
    except _MALFORMED:
        return Mail("", "", raw.decode("utf-8", "replace"), None, (), ())


def _take_apart(raw: bytes) -> Mail:
    message = message_from_bytes(raw)
    headers = tuple((name, _decode(str(value))) for name, value in message.raw_items())
    text: str | None = None
    html: str | None = None
    attachments: list[Attachment] = []
    for part in _leaves(message):
        kind = part.get_content_type()
        name = part.get_filename()
        shown = name is None and part.get_content_disposition() != "attachment"
        if shown and kind == "text/plain" and text is None:
            text = _text(part)
        elif shown and kind == "text/html" and html is None:
            html = _text(part)
        else:
            filename = _decode(name) if name else f"part-{len(attachments) + 1}"
            attachments.append(Attachment(filename, kind, _content(part)))
    return Mail(_header(headers, "from"), _header(headers, "subject"), text, html, tuple(attachments), headers)


def incoming(raw: bytes, mail_from: str, recipients: Sequence[str]) -> Incoming:
    """A mail as the envelope delivered it: its recipients are the envelope's, Bcc included."""
    mail = parse(raw)
    text = mail.text if mail.text is not None else visible_text(mail.html or "")
    return Incoming(
        kind="mail",
        sender=storable(mail.sender or mail_from or "<>"),
        recipients=tuple(storable(recipient) for recipient in recipients),
        subject=storable(mail.subject),
        text=storable(text.strip()),
        raw=raw,
    )


def visible_text(html: str) -> str:
    """The words of an HTML document, one block a line."""
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).splitlines())
    return "\n".join(line for line in lines if line)


class _TextReader(HTMLParser):
    _hidden = frozenset({"script", "style", "head", "title"})
    _inline = frozenset({"a", "b", "i", "em", "strong", "span", "code", "u", "s", "small", "sub", "sup", "font", "img"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._hidden:
            self._depth += 1
        elif tag not in self._inline:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            self._depth = max(0, self._depth - 1)
        elif tag not in self._inline:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._depth:
            self.words.append(data)


def _parts(part: EmailMessage) -> list[EmailMessage]:
    return cast("list[EmailMessage]", part.get_payload()) if part.is_multipart() else []


def _leaves(part: EmailMessage) -> Iterator[EmailMessage]:
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in _parts(part):
            yield from _leaves(inner)
    else:
        yield part


def _content(part: EmailMessage) -> bytes:
    if part.is_multipart():  # message/rfc822: a mail in a mail
        return b"\n".join(inner.as_bytes() for inner in _parts(part))
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(part: EmailMessage) -> str:
    content = _content(part)
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace").replace("\r\n", "\n")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace").replace("\r\n", "\n")


def _header(headers: Sequence[tuple[str, str]], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


def _decode(value: str) -> str:
    """A header's text: folded lines joined, raw UTF-8 (RFC 6532) and encoded words (RFC 2047) decoded."""
    value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    value = "".join(value.splitlines())
    try:
        chunks = decode_header(value)
    except (errors.HeaderParseError, ValueError):
        return value.strip()
    return "".join(
        chunk if isinstance(chunk, str) else _decode_chunk(chunk, charset) for chunk, charset in chunks
    ).strip()


def _decode_chunk(chunk: bytes, charset: str | None) -> str:
    if charset is None:
        # decode_header hands plain stretches back through raw-unicode-escape.
        return chunk.decode("raw-unicode-escape", "replace")
    try:
        return chunk.decode(charset, "replace")
    except (LookupError, ValueError):
        return chunk.decode("utf-8", "replace")
