"""Signature Version 4 as the server computes it: the canonical request, and what its signature must be.

Format: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
Bytes throughout, since a signature covers what is on the wire.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
UNSIGNED_PAYLOAD = b"UNSIGNED-PAYLOAD"
CONTENT_HASH = b"x-amz-content-sha256"
SIGNATURE_PARAMETER = b"X-Amz-Signature"


class CredentialScope(NamedTuple):
    """A Credential's five parts; `date` is YYYYMMDD."""

    access_key: str
    date: str
    region: str
    service: str
    terminator: str


class Claim(NamedTuple):
    """What a request says of its signature.

    Attributes:
        signed_headers: their names, in lower case and sorted.
        timestamp: when it was signed, `YYYYMMDDTHHMMSSZ`.
        expires: seconds that a presigned request is good for; None where the signature is in a header.
        token: the session token of temporary credentials.
    """

    credential: CredentialScope
    signed_headers: tuple[bytes, ...]
    signature: str
    timestamp: str
    expires: int | None
    token: str | None


class Signed(NamedTuple):
    """The signature that a request should have, and the texts that it is made from."""

    signature: str
    canonical_request: bytes
    string_to_sign: str


def sign(
    claim: Claim,
    secret: str,
    method: str,
    raw_path: bytes,
    query_string: bytes,
    headers: Mapping[bytes, bytes],
    body_hash: str,
) -> Signed:
    """Sign a request in the way of its claim.

    Args:
        raw_path: the path as it was sent. It is encoded once more, as every service but S3 has it; dot segments are
            none of this data plane's.
        headers: names in lower case.
        body_hash: SHA-256 of the body in hexadecimal; not looked at where the claim leaves the payload unsigned.
    """
    canonical = b"\n".join(
        [
            method.encode(),
            _canonical_path(raw_path),
            canonical_query(query_string) if query_string else b"",
            *[name + b":" + b" ".join(headers.get(name, b"").split()) for name in claim.signed_headers],
            b"",
            b";".join(claim.signed_headers),
            _payload(claim, headers, body_hash),
        ]
    )
    _, date, region, service, terminator = claim.credential
    to_sign = f"{ALGORITHM}\n{claim.timestamp}\n{date}/{region}/{service}/{terminator}\n{sha256(canonical).hexdigest()}"
    key = _signing_key(secret, date, region, service, terminator)
    return Signed(hmac.digest(key, to_sign.encode(), "sha256").hex(), canonical, to_sign)


def leaves_payload_unsigned(claim: Claim, headers: Mapping[bytes, bytes]) -> bool:
    """Whether the client chose to sign no payload, and said so under its signature."""
    return CONTENT_HASH in claim.signed_headers and headers.get(CONTENT_HASH) == UNSIGNED_PAYLOAD


def canonical_query(query_string: bytes) -> bytes:
    """The parameters but the signature itself, encoded in the one way and sorted."""
    pairs: list[tuple[str, str]] = []
    for parameter in filter(None, query_string.split(b"&")):
        name, _, value = parameter.partition(b"=")
        if name != SIGNATURE_PARAMETER:
            pairs.append((_encode(unquote_to_bytes(name)), _encode(unquote_to_bytes(value))))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs)).encode()


def _payload(claim: Claim, headers: Mapping[bytes, bytes], body_hash: str) -> bytes:
    # The body's own hash, whatever a signed header says: where they differ, the signature does too.
    return UNSIGNED_PAYLOAD if leaves_payload_unsigned(claim, headers) else body_hash.encode()


def _encode(text: bytes) -> str:
    return quote_from_bytes(text, safe="-_.~")


@lru_cache(maxsize=1024)
def _canonical_path(raw_path: bytes) -> bytes:
    return quote_from_bytes(raw_path, safe="/-_.~").encode() or b"/"


@lru_cache(maxsize=1024)
def _signing_key(secret: str, *scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return key
