"""The page: the list of messages and one of them, rendered here; new ones come in over server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from obsiverse_inbox import mail, mrkdwn, slack
from obsiverse_inbox.http import Filter, parse_filter
from obsiverse_inbox.inbox import Inbox
from obsiverse_inbox.messages import Message
from obsiverse_inbox.settings import Address

HERE = Path(__file__).parent
SHOWN = 100
HEADERS = {
    # Inline style and data: images are for mails, shown in a sandboxed frame that inherits this policy. Nothing
    # is fetched from elsewhere, so a mail can't tell its sender that it was read.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " connect-src 'self';"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Page:
    """The HTML over one inbox."""

    def __init__(self, inbox: Inbox, smtp: Address) -> None:
        self._inbox = inbox
        self._smtp = smtp
        self._templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True)
        filters: dict[str, Any] = {"mrkdwn": mrkdwn.to_html, "utc": _utc, "size": _size, "name": _name}
        self._templates.filters.update(filters)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Where it answers."""
        return [
            Route("/", self.show),
            Route("/events", self.events),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]

    async def show(self, request: Request) -> Response:
        """The page. `id` chooses the message beside the list."""
        wanted = parse_filter(request, SHOWN)
        chosen = request.query_params.get("id", "")
        html = await run_in_threadpool(
            self._render, wanted, int(chosen) if chosen.isdecimal() else None, request.url.netloc
        )
        return HTMLResponse(html, headers=HEADERS)

    async def events(self, request: Request) -> Response:
        """Messages that match the filter as they come, as HTML to put at the top of the list (server-sent events)."""
        wanted = parse_filter(request)
        last = request.headers.get("last-event-id") or request.query_params.get("after", "0")
        after = int(last) if last.isdecimal() else 0
        return StreamingResponse(self._stream(wanted, after), media_type="text/event-stream", headers=HEADERS)

    async def _stream(self, wanted: Filter, after: int) -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        async for _ in self._inbox.watch():
            # Read from the store: what came between the page and this stream is then not missed.
            found = await run_in_threadpool(
                self._inbox.store.list, kind=wanted.kind, q=wanted.q, after=after, limit=SHOWN
            )
            counts = await run_in_threadpool(self._inbox.store.counts)
            for summary in reversed(found):
                after = summary.id
                html = self._templates.get_template("item.html").render(item=summary, link=_link(wanted, summary.id))
                yield f"id: {summary.id}\ndata: {json.dumps({'html': html, 'counts': counts})}\n\n"

    def _render(self, wanted: Filter, chosen: int | None, host: str) -> str:
        store = self._inbox.store
        found = store.list(kind=wanted.kind, q=wanted.q, since=wanted.since, limit=wanted.limit)
        message = store.get(chosen) if chosen is not None and chosen < 2**63 else None
        opened = message or (store.get(found[0].id) if found else None)
        smtp_host = self._smtp.host if self._smtp.host not in ("0.0.0.0", "::") else host.rpartition(":")[0] or host  # noqa: S104
        return self._templates.get_template("page.html").render(
            items=[(summary, _link(wanted, summary.id)) for summary in found],
            counts=store.counts(),
            wanted=wanted,
            query=_query(wanted),
            newest=found[0].id if found else 0,
            opened=_content(opened) if opened else None,
            chosen=message is not None,
            missing=chosen if chosen is not None and message is None else None,
            host=host,
            smtp=(smtp_host, self._smtp.port),
        )


def _content(message: Message) -> dict[str, Any]:
    """What the template needs of an opened message."""
    content: dict[str, Any] = {"item": message.summary, "text": message.text}
    match message.summary.kind:
        case "mail":
            content["mail"] = mail.parse(message.raw)
        case "slack":
            content["sections"] = slack.sections(json.loads(message.raw))
        case "sns":
            notification = json.loads(message.raw)
            content["notification"] = notification
            content["pretty"] = _pretty(message.text)
    return content


def _pretty(text: str) -> str | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict | list) else None


def _query(wanted: Filter) -> str:
    return urlencode({key: value for key, value in (("kind", wanted.kind), ("q", wanted.q)) if value})


def _link(wanted: Filter, message_id: int) -> str:
    query = _query(wanted)
    return f"/?{query}&id={message_id}" if query else f"/?id={message_id}"


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _name(sender: str) -> str:
    return parseaddr(sender)[0] or sender


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.1f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MiB"
