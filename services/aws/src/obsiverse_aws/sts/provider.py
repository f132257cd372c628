"""GetSessionToken and GetFederationToken; the other operations are LocalStack's and moto's."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.sts import (
    Credentials,
    FederatedUser,
    GetFederationTokenResponse,
    GetSessionTokenResponse,
)
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service
from localstack.services.sts.provider import StsProvider
from localstack.utils.aws.request_context import extract_access_key_id_from_auth_header

from obsiverse_aws.sts.session import Identity, Session, caller, is_temporary, open_session

DEFAULT_SECONDS = 43200


class SessionTokenProvider(StsProvider):
    """moto gives everyone the same made-up key here, which signs nothing."""

    def get_session_token(
        self, context: RequestContext, duration_seconds: int | None = None, **kwargs: Any
    ) -> GetSessionTokenResponse:
        access_key = _permanent_key(context, "GetSessionToken")
        identity = caller(context.account_id, context.partition, access_key)
        return GetSessionTokenResponse(Credentials=_credentials(_open(context, identity, duration_seconds)))

    def get_federation_token(
        self, context: RequestContext, name: str, duration_seconds: int | None = None, **kwargs: Any
    ) -> GetFederationTokenResponse:
        _permanent_key(context, "GetFederationToken")
        user = f"{context.account_id}:{name}"
        identity = Identity(user, f"arn:{context.partition}:sts::{context.account_id}:federated-user/{name}")
        session = _open(context, identity, duration_seconds)
        return GetFederationTokenResponse(
            Credentials=_credentials(session),
            FederatedUser=FederatedUser(FederatedUserId=user, Arn=identity.arn),
            PackedPolicySize=0,
        )


def _permanent_key(context: RequestContext, operation: str) -> str | None:
    access_key = extract_access_key_id_from_auth_header(dict(context.request.headers))
    if is_temporary(context.account_id, context.partition, access_key):
        raise CommonServiceException(
            "AccessDenied", f"Cannot call {operation} with session credentials", 403, sender_fault=True
        )
    return access_key


def _open(context: RequestContext, identity: Identity, seconds: int | None) -> Session:
    return open_session(context.account_id, context.partition, identity, seconds or DEFAULT_SECONDS)


def _credentials(session: Session) -> Credentials:
    return Credentials(
        AccessKeyId=session.access_key_id,
        SecretAccessKey=session.secret_access_key,
        SessionToken=session.session_token,
        Expiration=session.expiration.replace(tzinfo=UTC),
    )


def create_service() -> Service:
    """The service as LocalStack runs it."""
    return Service.for_provider(SessionTokenProvider(), dispatch_table_factory=MotoFallbackDispatcher)
