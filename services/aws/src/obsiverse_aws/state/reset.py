"""An account as it was when it was new, in all services; other accounts stay as they are."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from localstack.http import Request, Response

from obsiverse_aws.state.keeper import Keeper
from obsiverse_aws.state.retirements import RETIREMENTS

LOG = logging.getLogger(__name__)

PATH = "/_obsiverse/accounts/<account>/reset"
ACCOUNT = re.compile(r"\d{12}", re.ASCII)

Callback = Callable[[str], None]
_callbacks: list[Callback] = []


class NoAccount(ValueError):
    """An account's id is not of 12 digits."""


def on_reset(callback: Callback) -> Callback:
    """Have a function called with each account to be reset, before its services' state goes. Usable as a decorator.

    One that raises keeps the account from being reset.
    """
    _callbacks.append(callback)
    return callback


def reset(account: str) -> None:
    """Empty an account. It is gone from disk too when this returns.

    Raises NoAccount, or what a callback raises.
    """
    from obsiverse_aws.state.plugins import resets

    resets().reset(account)


class Resets:
    """Empties accounts, one at a time."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._lock = threading.Lock()

    def reset(self, account: str) -> list[str]:
        """Empty an account; the services that are loaded.

        Raises NoAccount, or what a callback raises.
        """
        if not ACCOUNT.fullmatch(account):
            raise NoAccount(f"an account has 12 digits, and {account!r} does not")
        with self._lock:
            for callback in _callbacks:
                callback(account)
            return self._keeper.forget(account, RETIREMENTS)


def reset_route(resets: Resets) -> Callable[..., Response]:
    """What answers POST /_obsiverse/accounts/{account}/reset."""

    def handle(_request: Request, account: str) -> Response:
        began = time.perf_counter()
        try:
            services = resets.reset(account)
        except NoAccount as error:
            return _answer({"error": {"code": "no_account", "message": str(error)}}, 400)
        return _answer({"account": account, "seconds": time.perf_counter() - began, "services": services}, 200)

    return handle


def _answer(document: dict[str, Any], status: int) -> Response:
    response = Response(status=status)
    response.set_json(document)
    return response
