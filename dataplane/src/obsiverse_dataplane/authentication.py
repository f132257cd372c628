"""Who calls: the one place where a request's signature is checked."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from obsiverse_dataplane.claims import TIMESTAMP, read_claim
from obsiverse_dataplane.credentials import Credentials
from obsiverse_dataplane.errors import (
    ExpiredTokenException,
    IncompleteSignatureException,
    InvalidSignatureException,
    UnrecognizedClientException,
)
from obsiverse_dataplane.signature import TERMINATOR, Claim, Signed, leaves_payload_unsigned, sign

SKEW_SECONDS = 300
# From here on a body takes longer to hash than the loop should wait; hashlib lets go of the interpreter meanwhile.
HASHED_ELSEWHERE = 256 * 1024  # bytes
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


class Caller(NamedTuple):
    """An authenticated caller."""

    account: str
    region: str
    access_key: str


class Authenticator:
    """Checks signatures against the secrets in `credentials`.

    Args:
        service: what a credential has to be scoped to.
        clock: seconds since the epoch.
    """

    def __init__(self, credentials: Credentials, service: str, clock: Callable[[], float] = time.time) -> None:
        self._credentials = credentials
        self._service = service
        self._clock = clock

    async def authenticate(
        self, method: str, raw_path: bytes, query_string: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> Caller:
        """The caller of a request: its path as it was sent, its header names in lower case.

        Raises MissingAuthenticationTokenException, IncompleteSignatureException, InvalidSignatureException,
        UnrecognizedClientException or ExpiredTokenException; ServiceUnavailable where the edge, which alone knows the
        key, does not answer.
        """
        claim = read_claim(headers, query_string)
        now = self._clock()
        _check_scope(claim, self._service)
        _check_time(claim, now)
        credential = await self._credentials.find(claim.credential.access_key)
        if not hmac.compare_digest((claim.token or "").encode(), (credential.session_token or "").encode()):
            raise UnrecognizedClientException
        if credential.expires_at is not None and credential.expires_at <= now:
            raise ExpiredTokenException
        digest = "" if leaves_payload_unsigned(claim, headers) else await _hash(body)
        expected = sign(claim, credential.secret_access_key, method, raw_path, query_string, headers, digest)
        if not hmac.compare_digest(expected.signature.encode(), claim.signature.encode()):
            raise _mismatch(expected)
        return Caller(credential.account, claim.credential.region, claim.credential.access_key)


async def _hash(body: bytes) -> str:
    if len(body) < HASHED_ELSEWHERE:
        return sha256(body).hexdigest()
    return await asyncio.to_thread(lambda: sha256(body).hexdigest())


def _check_scope(claim: Claim, wanted: str) -> None:
    _, date, _, service, terminator = claim.credential
    if service != wanted:
        raise InvalidSignatureException(f"Credential should be scoped to correct service: '{wanted}'.")
    if terminator != TERMINATOR:
        raise InvalidSignatureException(
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'."
        )
    if date != claim.timestamp[:8]:
        raise InvalidSignatureException(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{date}' != '{claim.timestamp[:8]}', from '{claim.timestamp}'."
        )
    if b"host" not in claim.signed_headers:
        raise InvalidSignatureException("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")


def _check_time(claim: Claim, now: float) -> None:
    stamp, signed_at = claim.timestamp, _seconds(claim.timestamp)
    good_for = SKEW_SECONDS if claim.expires is None else claim.expires
    if signed_at < now - good_for:
        raise InvalidSignatureException(
            f"Signature expired: {stamp} is now earlier than {_stamp(now - good_for)} "
            f"({_stamp(now)} - {_duration(good_for)})"
        )
    if signed_at > now + SKEW_SECONDS:
        raise InvalidSignatureException(
            f"Signature not yet current: {stamp} is still later than {_stamp(now + SKEW_SECONDS)} "
            f"({_stamp(now)} + {_duration(SKEW_SECONDS)})"
        )


@lru_cache(maxsize=1024)
def _seconds(stamp: str) -> float:
    parts = stamp[:4], stamp[4:6], stamp[6:8], stamp[9:11], stamp[11:13], stamp[13:15]
    try:
        return datetime(*map(int, parts), tzinfo=UTC).timestamp()
    except ValueError:
        raise IncompleteSignatureException(f"'{stamp}' is not a date.") from None


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(TIMESTAMP)


def _duration(seconds: int) -> str:
    return f"{seconds // 60} min." if seconds % 60 == 0 else f"{seconds} s."


def _mismatch(expected: Signed) -> InvalidSignatureException:
    canonical = expected.canonical_request.decode("utf-8", "replace")
    return InvalidSignatureException(
        f"{MISMATCH}\n\nThe Canonical String for this request should have been\n'{canonical}'\n\n"
        f"The String-to-Sign should have been\n'{expected.string_to_sign}'\n"
    )
