"""The part of Grafana's HTTP API that workspaces take, as its administrator.

https://grafana.com/docs/grafana/latest/developers/http_api/org/ and .../serviceaccount/
"""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import urllib3

from obsiverse_aws.grafana.errors import InternalServerException, ValidationException

TIMEOUT = urllib3.Timeout(connect=2, read=15)
MAIN_ORG = 1
PAGE = 1000
WRONG_PASSWORD_SECONDS = 90.0
"""For which a password that was refused is not tried again: Grafana locks its user out after five tries in five minutes."""


class Missing(Exception):
    """Grafana has nothing by that name or id."""


class Taken(Exception):
    """Grafana has another one of that name."""


class Answer(NamedTuple):
    """What Grafana answered; a body that is no JSON is None."""

    status: int
    document: Any

    @property
    def message(self) -> str:
        """Grafana's own words, if any."""
        return self._text("message")

    @property
    def kind(self) -> str:
        """Grafana's id of a kind of error, if it has one."""
        return self._text("messageId")

    def _text(self, name: str) -> str:
        return str(self.document.get(name, "")) if isinstance(self.document, dict) else ""


class GrafanaApi:
    """Grafana or Lookout at `address` (host:port).

    Each call raises InternalServerException where Grafana is away, does not take the password or fails, and
    ValidationException with Grafana's words where it does not like what it is sent. An `org` is the id of an organisation.
    """

    def __init__(self, address: str, password_file: Path) -> None:
        self._address = address
        self._password_file = password_file
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False, maxsize=8)
        self._refused = ("", 0.0)

    def org_named(self, name: str) -> int:
        """The id of an organisation; raises Missing."""
        return self._ok("GET", f"/api/orgs/name/{quote(name, safe='')}")["id"]

    def create_org(self, name: str) -> int:
        """Make an organisation; raises Taken."""
        return int(self._ok("POST", "/api/orgs", body={"name": name})["orgId"])

    def delete_org(self, org: int) -> None:
        """Delete an organisation and all that is in it; raises Missing."""
        self._ok("DELETE", f"/api/orgs/{org}")

    def org_names(self) -> set[str]:
        """The names of all organisations."""
        names: set[str] = set()
        for page in itertools.count():
            found = {one["name"] for one in self._ok("GET", f"/api/orgs?perpage={PAGE}&page={page}")}
            # Lookout has one page, whichever is asked for.
            if found <= names:
                return names
            names |= found
        return names

    def service_accounts(self, org: int) -> list[dict[str, Any]]:
        """All service accounts."""
        accounts, page = [], 1
        while True:
            found = self._ok("GET", f"/api/serviceaccounts/search?perpage={PAGE}&page={page}", org)
            accounts += found["serviceAccounts"]
            if not found["serviceAccounts"] or len(accounts) >= found["totalCount"]:
                return accounts
            page += 1

    def create_service_account(self, org: int, name: str, role: str) -> dict[str, Any]:
        """Make a service account with a role (Admin, Editor, Viewer); raises Taken."""
        return self._ok("POST", "/api/serviceaccounts", org, {"name": name, "role": role, "isDisabled": False})

    def delete_service_account(self, org: int, account: int) -> None:
        """Delete a service account; its tokens are worth nothing from then on. Raises Missing."""
        self._ok("DELETE", f"/api/serviceaccounts/{account}", org)

    def tokens(self, org: int, account: int) -> list[dict[str, Any]]:
        """A service account's tokens, without their keys; raises Missing."""
        return self._ok("GET", f"/api/serviceaccounts/{account}/tokens", org)

    def create_token(self, org: int, account: int, name: str, seconds: int) -> dict[str, Any]:
        """Make a token that lives for some seconds; raises Missing, and Taken: names are unique in an organisation."""
        return self._ok("POST", f"/api/serviceaccounts/{account}/tokens", org, {"name": name, "secondsToLive": seconds})

    def delete_token(self, org: int, account: int, token: int) -> None:
        """Revoke a token; raises Missing."""
        self._ok("DELETE", f"/api/serviceaccounts/{account}/tokens/{token}", org)

    def _ok(self, method: str, path: str, org: int = MAIN_ORG, body: dict[str, Any] | None = None) -> Any:
        password = self._password()
        if self._refused[0] == password and time.monotonic() < self._refused[1]:
            raise self._wrong_password()
        answer = self._ask(method, path, org, password, body)
        if answer.status < 300:
            return answer.document
        if answer.status == 404:
            raise Missing(answer.message)
        # Grafana 11 says 409 of a name that is taken, later ones 400 with a kind of error; of organisations all say 409.
        if answer.status == 409 or answer.kind.endswith("AlreadyExists"):
            raise Taken(answer.message)
        if answer.status in (400, 422):
            raise ValidationException(f"Grafana refuses the request: {answer.message}", reason="OTHER")
        if answer.status == 401 and answer.kind.startswith(("password-auth", "login-attempt")):
            self._refused = (password, time.monotonic() + WRONG_PASSWORD_SECONDS)
            raise self._wrong_password()
        raise InternalServerException(
            f"Grafana at {self._address} answers {answer.status} to {method} {path}: {answer.message or 'no message'}"
        )

    def _wrong_password(self) -> InternalServerException:
        return InternalServerException(
            f"Grafana at {self._address} does not take the password of its user admin: the file {self._password_file} has to"
            " hold the one it was first started with."
        )

    def _ask(self, method: str, path: str, org: int, password: str, body: dict[str, Any] | None) -> Answer:
        headers = urllib3.make_headers(basic_auth=f"admin:{password}")
        headers |= {"Accept": "application/json", "X-Grafana-Org-Id": str(org)}
        try:
            answer = self._http.request(method, f"http://{self._address}{path}", headers=headers, json=body)
        except urllib3.exceptions.HTTPError as error:
            raise InternalServerException(
                f"The stack's service grafana does not answer at {self._address} ({error}):"
                " see whether it runs (`obsiverse ps`), and ask again."
            ) from error
        try:
            document = json.loads(answer.data)
        except ValueError:
            document = None
        return Answer(answer.status, document)

    def _password(self) -> str:
        try:
            return self._password_file.read_text().strip()
        except OSError as error:
            raise InternalServerException(
                f"The password of Grafana's user admin can't be read ({error}): the stack's service grafana writes it at its"
                " first start, to where GRAFANA_ADMIN_PASSWORD_FILE says; see whether it runs (`obsiverse ps`)."
            ) from error
