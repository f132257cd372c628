"""What this platform knows of AWS accounts that AWS does not: how they behave in tests.

`PUT /_obsiverse/accounts/{account}` with `{"instant": true}` has transitions take no time: a call that begins one answers once it
is over, and updates wait nowhere.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any

from localstack.http import Request, Response, Router

from obsiverse_aws.store import Gone, Resource, Store

_ACCOUNT = re.compile(r"\d{12}")
PATH = "/_obsiverse/accounts/<account>"


@dataclass
class Account(Resource):
    """An account; `instant` says that its transitions take no time."""

    KIND = "account"
    instant: bool = False


class Accounts:
    """The accounts and their routes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._instant = {account.name for account in store.all(Account) if account.instant}

    def is_instant(self, account: str) -> bool:
        """Whether transitions take no time there."""
        return account in self._instant

    def add_routes(self, router: Router[Any]) -> None:
        """Have the edge answer."""
        router.add(PATH, self.put, methods=["PUT"])
        router.add(PATH, self.get, methods=["GET"])

    def get(self, request: Request, account: str) -> Response:
        """The account's settings."""
        return _checked(account) or _answer({"account": account, "instant": self.is_instant(account)})

    def put(self, request: Request, account: str) -> Response:
        """Change the account's settings."""
        refused = _checked(account)
        if refused is not None:
            return refused
        try:
            settings = json.loads(request.get_data())
        except ValueError as error:
            return _answer({"message": f"the body is no JSON: {error}"}, 400)
        if (
            not isinstance(settings, dict)
            or set(settings) - {"instant"}
            or not isinstance(settings.get("instant"), bool)
        ):
            return _answer({"message": 'the body is {"instant": true} or {"instant": false}'}, 400)
        kept = Account(account, "", account, time.time(), {}, instant=settings["instant"])
        try:
            with self._store.change(Account, kept.key) as changed:
                changed.instant = kept.instant
        except Gone:
            self._store.insert(kept)
        (self._instant.add if kept.instant else self._instant.discard)(account)
        return self.get(request, account)


def _checked(account: str) -> Response | None:
    if _ACCOUNT.fullmatch(account):
        return None
    return _answer({"message": f"{account} is no account: it has twelve digits"}, 400)


def _answer(document: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(document), status, {"Content-Type": "application/json"})
