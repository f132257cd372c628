"""SMTP: every mail is accepted, for whomever it is, and answered with 250 once it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from obsiverse_inbox import mail
from obsiverse_inbox.inbox import Inbox
from obsiverse_inbox.settings import Address
from obsiverse_inbox.store import StoreError

# What SES takes in one message, attachments encoded.
SIZE_LIMIT_BYTES = 40 * 1024 * 1024
log = structlog.get_logger(__name__)


class Handler:
    """aiosmtpd's hooks."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail; a reply of 4xx tells the sender to try again."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode("utf-8", "surrogateescape")
        received = await asyncio.to_thread(mail.incoming, raw, envelope.mail_from or "", envelope.rcpt_tos)
        try:
            summary = await self._inbox.accept(received)
        except StoreError as error:
            log.warning("mail refused", error=str(error))
            return "452 4.3.1 Insufficient system storage"
        return f"250 2.0.0 Ok: kept as {summary.id}"


@asynccontextmanager
async def serve(inbox: Inbox, address: Address) -> AsyncGenerator[asyncio.Server]:
    """Listen for mail on `address` while the context is open.

    Raises:
        OSError: the address can't be bound.
    """
    loop = asyncio.get_running_loop()
    handler = Handler(inbox)

    def connection() -> SMTP:
        # The hostname is given because aiosmtpd would look this machine's up, which can take seconds.
        return SMTP(handler, hostname="inbox", data_size_limit=SIZE_LIMIT_BYTES, enable_SMTPUTF8=True, loop=loop)

    server = await loop.create_server(connection, address.host, address.port)
    try:
        yield server
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()
