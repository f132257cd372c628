"""The HTTP API: the webhook, SNS, and the messages as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from obsiverse_inbox import mail, slack, sns
from obsiverse_inbox.http import HttpError, body, parse_filter
from obsiverse_inbox.inbox import Inbox
from obsiverse_inbox.messages import Message
from obsiverse_inbox.store import StoreError

# What came from outside is never run or guessed at by a browser.
UNTRUSTED = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}
log = structlog.get_logger(__name__)


class Api:
    """The endpoints over one inbox."""

    def __init__(self, inbox: Inbox, aws_endpoint_url: str | None) -> None:
        self._inbox = inbox
        self._aws_endpoint_url = aws_endpoint_url

    @property
    def routes(self) -> Sequence[Route]:
        """Where it answers."""
        message = "/api/messages/{id:int}"
        return [
            Route("/health", self.health),
            Route("/services/{team}/{bot}/{token}", self.slack_webhook, methods=["POST"]),
            Route("/sns", self.sns, methods=["POST"]),
            Route("/api/messages", self.list, methods=["GET"]),
            Route("/api/messages", self.clear, methods=["DELETE"]),
            Route(message, self.get),
            Route(f"{message}/raw", self.raw),
            Route(f"{message}/attachments/{{index:int}}", self.attachment),
        ]

    async def health(self, _request: Request) -> Response:
        """200 with the number of messages where the database can be read."""
        counts = await run_in_threadpool(self._inbox.store.counts)
        return JSONResponse({"status": "ok", "messages": sum(counts.values())})

    async def slack_webhook(self, request: Request) -> Response:
        """Answers as Slack does: `ok`, or the error's code as text."""
        try:
            received = slack.incoming(request.headers.get("content-type", ""), await body(request))
            await self._inbox.accept(received)
        except slack.SlackError as error:
            return PlainTextResponse(error.code, 400)
        except StoreError as error:
            log.warning("Slack message refused", error=str(error))
            return PlainTextResponse("rollup_error", 500)
        return PlainTextResponse("ok")

    async def sns(self, request: Request) -> Response:
        """Takes what SNS delivers; anything but 2xx makes SNS deliver it again."""
        try:
            message = sns.parse(request.headers, await body(request))
            match message["Type"]:
                case "SubscriptionConfirmation":
                    await sns.confirm(message, self._aws_endpoint_url)
                    log.info("subscription confirmed", topic=message["TopicArn"])
                case "Notification":
                    await self._inbox.accept(sns.incoming(message))
                case "UnsubscribeConfirmation":
                    log.info("unsubscribed", topic=message.get("TopicArn"))
                case other:
                    raise HttpError(400, "invalid_message", f"SNS has no messages of type {other!r}")
        except sns.SnsError as error:
            log.warning("SNS delivery refused", error=str(error))
            raise HttpError(502 if error.retry else 400, "invalid_message", str(error)) from error
        except StoreError as error:
            log.warning("SNS delivery refused", error=str(error))
            raise HttpError(507, "disk_full", str(error)) from error
        return Response(status_code=200)

    async def list(self, request: Request) -> Response:
        """Messages, the newest first."""
        wanted = parse_filter(request)
        found = await run_in_threadpool(
            lambda: self._inbox.store.list(kind=wanted.kind, q=wanted.q, since=wanted.since, limit=wanted.limit)
        )
        return JSONResponse({"messages": [summary.to_json() for summary in found]})

    async def clear(self, _request: Request) -> Response:
        """Delete every message."""
        try:
            deleted = await run_in_threadpool(self._inbox.store.clear)
        except StoreError as error:
            raise HttpError(507, "disk_full", str(error)) from error
        return JSONResponse({"deleted": deleted})

    async def get(self, request: Request) -> Response:
        """One message with its content."""
        message = await self._message(request)
        return JSONResponse(await run_in_threadpool(_to_json, message))

    async def raw(self, request: Request) -> Response:
        """The bytes that arrived."""
        message = await self._message(request)
        media_type = "text/plain" if message.summary.kind == "mail" else "application/json"
        # No charset: a mail's parts each have their own.
        return Response(message.raw, headers={**UNTRUSTED, "Content-Type": media_type})

    async def attachment(self, request: Request) -> Response:
        """One file of a mail, to be saved."""
        message = await self._message(request)
        index: int = request.path_params["index"]
        files = await run_in_threadpool(_attachments, message)
        if index >= len(files):
            raise HttpError(
                404, "not_found", f"message {message.summary.id} has {len(files)} attachments, counted from 0"
            )
        disposition = f"attachment; filename*=utf-8''{quote(files[index].filename, safe='', errors='replace')}"
        headers = {**UNTRUSTED, "Content-Disposition": disposition, "Content-Type": "application/octet-stream"}
        return Response(files[index].content, headers=headers)

    async def _message(self, request: Request) -> Message:
        wanted: int = request.path_params["id"]
        # SQLite's integers end there, and so do the ids.
        message = await run_in_threadpool(self._inbox.store.get, wanted) if wanted < 2**63 else None
        if message is None:
            raise HttpError(404, "not_found", f"there is no message {wanted}; only the latest are kept")
        return message


def _attachments(message: Message) -> tuple[mail.Attachment, ...]:
    return mail.parse(message.raw).attachments if message.summary.kind == "mail" else ()


def _to_json(message: Message) -> dict[str, Any]:
    value = {**message.summary.to_json(), "text": message.text}
    match message.summary.kind:
        case "slack":
            value["payload"] = json.loads(message.raw)
        case "sns":
            value["notification"] = json.loads(message.raw)
        case "mail":
            parsed = mail.parse(message.raw)
            value["html"] = parsed.html
            value["headers"] = [list(header) for header in parsed.headers]
            value["attachments"] = [
                {
                    "index": index,
                    "filename": file.filename,
                    "content_type": file.content_type,
                    "size": len(file.content),
                }
                for index, file in enumerate(parsed.attachments)
            ]
    return value
