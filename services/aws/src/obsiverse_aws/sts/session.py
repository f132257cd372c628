"""Temporary credentials of a user, of an account's root or of a federated user."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.models import AccessKey, iam_backends
from moto.sts.models import sts_backends
from moto.sts.utils import random_session_token


@dataclass
class Session:
    """Kept among moto's assumed roles, from which GetCallerIdentity reads; `expiration` is naive UTC, as moto's are."""

    account_id: str
    user_id: str
    arn: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime


@dataclass(frozen=True)
class Identity:
    """Who a session is of."""

    user_id: str
    arn: str


def open_session(account: str, partition: str, identity: Identity, seconds: int) -> Session:
    """New credentials of an identity, which the account's STS knows from now on."""
    key: Any = AccessKey(user_name=None, prefix="ASIA", account_id=account)
    session = Session(
        account_id=account,
        user_id=identity.user_id,
        arn=identity.arn,
        access_key_id=key.access_key_id,
        secret_access_key=key.secret_access_key,
        session_token=random_session_token(),
        expiration=datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=seconds),
    )
    known: list[Any] = sts_backends[account][partition].assumed_roles
    known.append(session)
    return session


def is_temporary(account: str, partition: str, access_key: str | None) -> bool:
    """Whether a key is itself of a session."""
    if access_key is None:
        return False
    return sts_backends[account][partition].get_assumed_role_from_access_key(access_key) is not None


def caller(account: str, partition: str, access_key: str | None) -> Identity:
    """The user who has a key; root, where it is none of a user."""
    user = iam_backends[account][partition].get_user_from_access_key_id(access_key) if access_key else None
    if user is None:
        return Identity(account, f"arn:{partition}:iam::{account}:root")
    return Identity(user.id, user.arn)
