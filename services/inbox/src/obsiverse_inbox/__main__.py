"""Run the inbox: `python -m obsiverse_inbox`, configured by INBOX_* variables."""

from __future__ import annotations

import asyncio
import signal
import socket

import structlog
import uvicorn
from pydantic import ValidationError

from obsiverse_inbox import smtp
from obsiverse_inbox.app import create_app
from obsiverse_inbox.inbox import Inbox
from obsiverse_inbox.log import configure
from obsiverse_inbox.settings import Settings
from obsiverse_inbox.store import Store, StoreError

log = structlog.get_logger("obsiverse_inbox")


class Server(uvicorn.Server):
    """uvicorn, ending the open event streams when it is told to stop: it would wait for them."""

    def __init__(self, config: uvicorn.Config, inbox: Inbox) -> None:
        super().__init__(config)
        self._inbox = inbox

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, within seconds."""
        self._inbox.close()
        await super().shutdown(sockets)


async def serve(settings: Settings) -> None:
    """Serve HTTP and SMTP until SIGTERM or SIGINT.

    Raises:
        OSError: an address can't be bound.
        StoreError: the database can't be opened.
    """
    store = Store(settings.data, settings.keep)
    try:
        inbox = Inbox(store)
        with socket.create_server(settings.listen, family=_family(settings.listen.host), backlog=512) as http:
            async with smtp.serve(inbox, settings.smtp_listen):
                config = uvicorn.Config(
                    create_app(inbox, settings),
                    http="h11",
                    ws="none",
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    timeout_graceful_shutdown=3,
                )
                log.info("listening", http=str(settings.listen), smtp=str(settings.smtp_listen))
                await Server(config, inbox).serve(sockets=[http])
    finally:
        store.close()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _stop(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def main() -> int:
    """Run until stopped; 1 where it can't start, with the reason in the log."""
    configure()
    # uvicorn shuts down on these, then raises them again for the handlers that were there before.
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        settings = Settings()
        asyncio.run(serve(settings))
    except ValidationError as error:
        for problem in error.errors():
            log.critical("bad setting", name=".".join(map(str, problem["loc"])), error=problem["msg"])
        return 1
    except (OSError, StoreError) as error:
        log.critical("can't start", error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
