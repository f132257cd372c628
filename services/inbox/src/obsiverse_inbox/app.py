"""The ASGI application: the API and the page over one inbox."""

from __future__ import annotations

from starlette.applications import Starlette

from obsiverse_inbox.api import Api
from obsiverse_inbox.http import HttpError, error_response
from obsiverse_inbox.inbox import Inbox
from obsiverse_inbox.page import Page
from obsiverse_inbox.settings import Settings


def create_app(inbox: Inbox, settings: Settings) -> Starlette:
    """The application."""
    api = Api(inbox, settings.aws_endpoint_url)
    page = Page(inbox, settings.smtp_listen)
    return Starlette(routes=[*api.routes, *page.routes], exception_handlers={HttpError: error_response})
