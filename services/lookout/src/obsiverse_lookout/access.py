"""Who calls, and what their role lets them do.

Three kinds of callers, as Grafana tells them apart: `admin` with the generated password, who may act in every organisation;
service accounts by their token, in their own organisation; everyone else, who views the main organisation.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from obsiverse_lookout.errors import forbidden, unauthorized
from obsiverse_lookout.orgs import MAIN_ORG, Orgs
from obsiverse_lookout.service_accounts import ServiceAccounts

Role = Literal["Viewer", "Editor", "Admin", "GrafanaAdmin"]
RANKS: dict[str, int] = {"None": 0, "Viewer": 1, "Editor": 2, "Admin": 3, "GrafanaAdmin": 4}


@dataclass(frozen=True)
class Identity:
    """An authenticated caller.

    Attributes:
        org_id: the organisation it acts in.
        role: GrafanaAdmin is admin's, who may also make organisations.
        login: what is kept as the author of a change.
    """

    kind: Literal["user", "service-account", "anonymous"]
    id: int
    org_id: int
    role: Role
    login: str
    name: str

    def require(self, role: Role) -> None:
        """Raise ApiError 403 for a caller of a lower role; 401 for one who did not say who it is and may do more when it does."""
        if RANKS[self.role] >= RANKS[role]:
            return
        if self.kind == "anonymous":
            raise unauthorized(
                f"Unauthorized: this needs the role {role}; sign in or send a token", "auth.unauthorized"
            )
        raise forbidden(role)


class Access:
    """Authenticates requests.

    Args:
        password: admin's.
    """

    def __init__(self, password: str, orgs: Orgs, service_accounts: ServiceAccounts) -> None:
        self._password = password.encode()
        self._orgs = orgs
        self._service_accounts = service_accounts

    def identify(self, authorization: str | None, org_id: int | None) -> Identity:
        """The caller.

        Args:
            authorization: the header's value.
            org_id: the organisation asked for in X-Grafana-Org-Id or orgId.

        Raises:
            ApiError: 401, as Grafana refuses it.
        """
        scheme, _, value = (authorization or "").strip().partition(" ")
        if not scheme:
            return self._anonymous(org_id)
        if scheme.lower() == "basic":
            return self._basic(value.strip(), org_id)
        if scheme.lower() == "bearer":
            return self._token(value.strip(), org_id)
        raise unauthorized("Unauthorized: use Basic or Bearer authentication", "auth.unauthorized")

    def _anonymous(self, org_id: int | None) -> Identity:
        if org_id not in (None, MAIN_ORG):
            raise unauthorized(
                f"Unauthorized: organisation {org_id} is not open to anonymous viewers", "anonymous.invalid-org-id"
            )
        return Identity("anonymous", 0, MAIN_ORG, "Viewer", "", "Anonymous")

    def _basic(self, encoded: str, org_id: int | None) -> Identity:
        try:
            login, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise unauthorized("Invalid basic auth header", "basic-auth.invalid-header") from None
        # Grafana takes a token as the password of this user too.
        if login == "api_key":
            return self._token(password, org_id)
        if login != "admin" or not hmac.compare_digest(password.encode(), self._password):
            raise unauthorized("Invalid username or password", "password-auth.failed")
        chosen = org_id or MAIN_ORG
        if self._orgs.find(chosen) is None:
            raise unauthorized(f"admin is not a member of organisation {chosen}: there is none", "user.not-in-org")
        return Identity("user", 1, chosen, "GrafanaAdmin", "admin", "admin")

    def _token(self, token: str, org_id: int | None) -> Identity:
        account = self._service_accounts.of_token(token)
        if org_id not in (None, account["org_id"]):
            raise unauthorized("Unauthorized: the token is of another organisation", "api-key.organization-mismatch")
        return Identity(
            "service-account", account["id"], account["org_id"], account["role"], account["login"], account["name"]
        )


def admin_password(path: Path) -> str:
    """admin's password: what the file holds; a fresh one, put there with mode 0600, where there is none.

    Raises:
        OSError: the file can't be read or made.
        ValueError: the file is empty.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        password = path.read_text().strip()
        if not password:
            raise ValueError(f"{path} is empty: write a password into it, or delete it and a new one is made") from None
        return password
    with os.fdopen(descriptor, "w") as file:
        password = secrets.token_urlsafe(24)
        file.write(password + "\n")
    return password
