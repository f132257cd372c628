"""Whose an access key is, and its secret: what the data plane asks, which checks signatures itself.

`GET /_obsiverse/credentials/{access_key}` (docs/design.md, "Credentials"). Nothing here is logged.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from localstack.http import Request, Response
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends


def answer(request: Request, access_key: str) -> Response:
    """The credential of a key, or 404."""
    found = find(access_key)
    if found is None:
        error = {"code": "not_found", "message": "no account has this access key, or it is not active"}
        return Response(json.dumps({"error": error}), 404, mimetype="application/json")
    # As a stream, for LocalStack's trace log shows every other body.
    return Response(iter([json.dumps(found)]), mimetype="application/json")


def find(access_key: str) -> dict[str, Any] | None:
    """The account, the secret, and of a temporary key the session token and its end in seconds since the epoch.

    A key may be of any account: IAM encodes the account in the id, but CloudFormation and earlier versions need not.
    """
    session = _session(access_key)
    if session is not None:
        return {
            "account": session.account_id,
            "secret_access_key": session.secret_access_key,
            "session_token": session.session_token,
            "expires_at": _epoch(session.expiration),
        }
    for account, backend in _backends(iam_backends):
        key = backend.access_keys.get(access_key)
        # A temporary key without its session has no user, and is none that STS gave out.
        if key is not None and key.user_name is not None and key.status == "Active":
            return {
                "account": account,
                "secret_access_key": key.secret_access_key,
                "session_token": None,
                "expires_at": None,
            }
    return None


def _session(access_key: str) -> Any:
    for _, backend in _backends(sts_backends):
        session = backend.get_assumed_role_from_access_key(access_key)
        if session is not None:
            return session
    return None


def _backends(of: Any) -> list[tuple[str, Any]]:
    """Each account's backends, whatever else adds an account meanwhile."""
    return [(account, backend) for account, by_partition in list(of.items()) for backend in list(by_partition.values())]


def _epoch(moment: datetime) -> float:
    """moto keeps UTC without saying so."""
    return moment.replace(tzinfo=UTC).timestamp()
