"""Slack's mrkdwn to HTML and to plain text.

https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_TOKEN = re.compile(
    r"```(?P<pre>.+?)```"
    r"|`(?P<code>[^`\n]+)`"
    r"|<(?P<link>[^<>\n]+)>"
    r"|(?<!\w)\*(?P<strong>[^*\n]+)\*(?!\w)"
    r"|(?<!\w)_(?P<em>[^_\n]+)_(?!\w)"
    r"|(?<!\w)~(?P<s>[^~\n]+)~(?!\w)",
    re.DOTALL,
)
_NESTING = frozenset({"strong", "em", "s"})
_SAFE_URL = re.compile(r"(https?://|mailto:)[^\s]+", re.IGNORECASE)


def to_html(text: str) -> Markup:
    """HTML of a text: its formatting as elements, everything else escaped."""
    html = Markup()
    end = 0
    for token in _TOKEN.finditer(text):
        html += escape(_unescape(text[end : token.start()]))
        end = token.end()
        tag, value = token.lastgroup or "", token[token.lastgroup or 0]
        if tag == "link":
            html += _link(value)
        else:
            inner = to_html(value) if tag in _NESTING else escape(_unescape(value.strip("\n")))
            html += Markup("<{0}>{1}</{0}>").format(Markup(tag), inner)  # noqa: S704 - the tag is a group's name
    return html + escape(_unescape(text[end:]))


def to_text(text: str) -> str:
    """The words of a text without its formatting; a link is its label."""

    def plain(token: re.Match[str]) -> str:
        tag, value = token.lastgroup or "", token[token.lastgroup or 0]
        if tag == "link":
            return _label(value)[1]
        return to_text(value) if tag in _NESTING else _unescape(value)

    words: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        words += _unescape(text[end : token.start()]), plain(token)
        end = token.end()
    return "".join(words) + _unescape(text[end:])


def safe_url(url: str) -> str | None:
    """The URL if a page may link to it (http, https, mailto), else None."""
    return url if _SAFE_URL.fullmatch(url) else None


def _link(value: str) -> Markup:
    target, label = _label(value)
    url = safe_url(_unescape(target))
    if url is None:
        return Markup("<span class=mention>{}</span>").format(label)
    return Markup('<a href="{}" target=_blank rel="noopener noreferrer">{}</a>').format(url, label)


def _label(value: str) -> tuple[str, str]:
    target, bar, label = value.partition("|")
    if bar and label:
        return target, _unescape(label)
    if target[:1] in "!@#":  # <!here>, <@U012>, <#C012>
        return target, "@" + target.lstrip("!@") if target[0] != "#" else target
    return target, _unescape(target)


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
