"""Service accounts and their tokens.

A token is shown once, when it is made; what is kept is its hash.
https://grafana.com/docs/grafana/latest/developers/http_api/serviceaccount/
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import string
import time
import zlib
from collections.abc import Mapping
from typing import Any

from obsiverse_lookout.database import Database, Row
from obsiverse_lookout.errors import ApiError, unauthorized
from obsiverse_lookout.names import new_uid, now, slugify

ROLES = ("None", "Viewer", "Editor", "Admin")
SECRET_LENGTH = 32
# A token's last use is kept to the minute: a write for each request would be a disk's sync for each request.
USED_SECONDS = 60


class ServiceAccounts:
    """The service accounts in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, org_id: int, account_id: int) -> Row:
        """One, with the number of its tokens; raises ApiError 404."""
        found = self._database.one(
            "SELECT *, (SELECT count(*) FROM tokens WHERE service_account_id = s.id) AS tokens"
            " FROM service_accounts s WHERE org_id = :org_id AND id = :id",
            org_id=org_id,
            id=account_id,
        )
        if found is None:
            raise ApiError(404, "service account not found")
        return found

    def search(self, org_id: int, query: str) -> list[Row]:
        """Those whose name or login contains a text."""
        return self._database.all(
            "SELECT *, (SELECT count(*) FROM tokens WHERE service_account_id = s.id) AS tokens FROM service_accounts s"
            " WHERE org_id = :org_id AND instr(lower(name || ' ' || login), lower(:query)) ORDER BY id",
            org_id=org_id,
            query=query,
        )

    def create(self, org_id: int, wanted: Mapping[str, Any]) -> Row:
        """A new one; raises ApiError 400."""
        name = wanted.get("name")
        if not isinstance(name, str) or not name.strip():
            raise ApiError(400, "bad request data: name is missing")
        row = {
            "org_id": org_id,
            "uid": new_uid(),
            "name": name,
            "login": f"sa-{org_id}-{slugify(name)}",
            "role": _role(wanted.get("role") or "Viewer"),
            "is_disabled": bool(wanted.get("isDisabled")),
            "at": now(),
        }
        try:
            made = self._database.insert(
                "INSERT INTO service_accounts (org_id, uid, name, login, role, is_disabled, created, updated)"
                " VALUES (:org_id, :uid, :name, :login, :role, :is_disabled, :at, :at)",
                row,
            )
        except sqlite3.IntegrityError:
            raise ApiError(
                400, "service account already exists", messageId="serviceaccounts.ErrAlreadyExists"
            ) from None
        return self.get(org_id, made)

    def update(self, org_id: int, account_id: int, wanted: Mapping[str, Any]) -> Row:
        """Change name, role or isDisabled, what is given of them; raises ApiError 400, 404."""
        row = self.get(org_id, account_id)
        if (name := wanted.get("name")) is not None:
            if not isinstance(name, str) or not name.strip():
                raise ApiError(400, "bad request data: name must be a text that is not empty")
            row["name"] = name
        if (role := wanted.get("role")) is not None:
            row["role"] = _role(role)
        if (disabled := wanted.get("isDisabled")) is not None:
            row["is_disabled"] = bool(disabled)
        self._database.write(
            "UPDATE service_accounts SET name = :name, role = :role, is_disabled = :is_disabled, updated = :at WHERE id = :id",
            row | {"at": now()},
        )
        return self.get(org_id, account_id)

    def delete(self, org_id: int, account_id: int) -> None:
        """Delete it and its tokens; raises ApiError 404."""
        self.get(org_id, account_id)
        self._database.write("DELETE FROM service_accounts WHERE id = :id", {"id": account_id})

    def tokens(self, org_id: int, account_id: int) -> list[Row]:
        """An account's tokens; raises ApiError 404."""
        self.get(org_id, account_id)
        return self._database.all("SELECT * FROM tokens WHERE service_account_id = :id ORDER BY id", id=account_id)

    def create_token(self, org_id: int, account_id: int, wanted: Mapping[str, Any]) -> tuple[int, str, str]:
        """A new token's id, name and, this once, secret; raises ApiError 400, 404, 409."""
        self.get(org_id, account_id)
        name = wanted.get("name")
        if not isinstance(name, str) or not name.strip():
            raise ApiError(400, "bad request data: name is missing")
        lives = wanted.get("secondsToLive") or 0
        if not isinstance(lives, int) or isinstance(lives, bool) or lives < 0:
            raise ApiError(400, "bad request data: secondsToLive must be a whole number of seconds, 0 for no end")
        secret = new_token()
        row = {
            "org_id": org_id,
            "service_account_id": account_id,
            "name": name,
            "hash": _hash(secret),
            "created": time.time(),
            "expires": time.time() + lives if lives else None,
        }
        try:
            made = self._database.insert(
                "INSERT INTO tokens (org_id, service_account_id, name, hash, created, expires)"
                " VALUES (:org_id, :service_account_id, :name, :hash, :created, :expires)",
                row,
            )
        except sqlite3.IntegrityError:
            raise ApiError(409, f"a token named {name} already exists in this organization") from None
        return made, name, secret

    def delete_token(self, org_id: int, account_id: int, token_id: int) -> None:
        """Delete a token; raises ApiError 404."""
        self.get(org_id, account_id)
        if not self._database.write(
            "DELETE FROM tokens WHERE id = :id AND service_account_id = :account",
            {"id": token_id, "account": account_id},
        ):
            raise ApiError(404, "service account token not found")

    def of_token(self, token: str) -> Row:
        """The account of a token.

        Raises:
            ApiError: 401, the token is unknown or expired, or its account is disabled.
        """
        found = self._database.one(
            "SELECT s.*, t.id AS token_id, t.expires, t.last_used FROM tokens t"
            " JOIN service_accounts s ON s.id = t.service_account_id WHERE t.hash = :hash",
            hash=_hash(token),
        )
        if found is None:
            raise unauthorized("Invalid API key", "api-key.invalid")
        at = time.time()
        if found["expires"] is not None and found["expires"] <= at:
            raise unauthorized("Expired API key", "api-key.expired")
        if found["is_disabled"]:
            raise unauthorized("Disabled service account", "service-account.disabled")
        if found["last_used"] is None or found["last_used"] < at - USED_SECONDS:
            self._database.write(
                "UPDATE tokens SET last_used = :at WHERE id = :id", {"at": at, "id": found["token_id"]}
            )
        return found


def new_token() -> str:
    """A fresh secret, in the form that scanners for leaked secrets know: `glsa_`, 32 characters, their CRC-32."""
    secret = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(SECRET_LENGTH))
    return f"glsa_{secret}_{zlib.crc32(secret.encode()):08x}"


def _hash(token: str) -> str:
    # 190 random bits need no salt and no slow hash.
    return hashlib.sha256(token.encode()).hexdigest()


def _role(value: object) -> str:
    if value not in ROLES:
        raise ApiError(400, f"invalid role value {value!r}; it can be {', '.join(ROLES)}")
    return str(value)
