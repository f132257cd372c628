"""What a request says of its signature, in the Authorization header or, presigned, in the query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import parse_qsl

from obsiverse_dataplane.errors import IncompleteSignatureException, MissingAuthenticationTokenException
from obsiverse_dataplane.signature import ALGORITHM, Claim, CredentialScope

TIMESTAMP = "%Y%m%dT%H%M%SZ"
EXPIRES_MAX = 604800  # seconds
_ISO_BASIC = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_IN_HEADER = ("Credential", "SignedHeaders", "Signature")
_IN_QUERY = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature")


def refuse_unsigned(headers: Mapping[bytes, bytes], query_string: bytes) -> None:
    """Raise MissingAuthenticationTokenException for a request that is not signed at all."""
    if not headers.get(b"authorization", b"").strip() and b"X-Amz-Algorithm=" not in query_string:
        raise MissingAuthenticationTokenException("Missing Authentication Token")


def read_claim(headers: Mapping[bytes, bytes], query_string: bytes) -> Claim:
    """The claim of a request with these headers (names in lower case).

    Raises MissingAuthenticationTokenException where there is none, IncompleteSignatureException for one that is not
    Signature Version 4's.
    """
    refuse_unsigned(headers, query_string)
    raw = headers.get(b"authorization", b"").strip()
    return _of_header(raw.decode("latin-1"), headers) if raw else _of_query(query_string)


def _of_header(authorization: str, headers: Mapping[bytes, bytes]) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise IncompleteSignatureException(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    parameters = _parameters(rest, authorization)
    missing = [f"Authorization header requires '{name}' parameter." for name in _IN_HEADER if not parameters.get(name)]
    date = headers.get(b"x-amz-date") or headers.get(b"date")
    if not date:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing or not date:
        raise IncompleteSignatureException(f"{' '.join(missing)} Authorization={authorization}")
    token = headers.get(b"x-amz-security-token")
    return Claim(
        credential=_credential(parameters["Credential"]),
        signed_headers=_names(parameters["SignedHeaders"]),
        signature=parameters["Signature"],
        timestamp=_timestamp(date.decode("latin-1")),
        expires=None,
        token=token.decode("latin-1") if token else None,
    )


def _parameters(rest: str, authorization: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for pair in filter(None, map(str.strip, rest.split(","))):
        name, equals, value = pair.partition("=")
        if not equals:
            raise IncompleteSignatureException(
                f"'{pair}' not a valid key=value pair (missing equal-sign) in Authorization header: '{authorization}'."
            )
        parameters[name] = value
    return parameters


def _of_query(query_string: bytes) -> Claim:
    # A plus stands for itself where AWS encodes queries.
    query = dict(parse_qsl(query_string.decode("latin-1").replace("+", "%2B"), encoding="latin-1"))
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        raise IncompleteSignatureException(f"Unsupported AWS 'algorithm': '{query.get('X-Amz-Algorithm', '')}'.")
    missing = [name for name in _IN_QUERY if not query.get(name)]
    if missing:
        raise IncompleteSignatureException(
            " ".join(f"AWS query-string parameters must include '{name}'." for name in missing)
            + " Re-examine the query-string parameters."
        )
    expires = query["X-Amz-Expires"]
    if not re.fullmatch(r"[0-9]{1,6}", expires, re.ASCII) or not 1 <= int(expires) <= EXPIRES_MAX:
        raise IncompleteSignatureException(
            f"X-Amz-Expires must be a number of seconds from 1 to {EXPIRES_MAX}, got '{expires}'."
        )
    return Claim(
        credential=_credential(query["X-Amz-Credential"]),
        signed_headers=_names(query["X-Amz-SignedHeaders"]),
        signature=query["X-Amz-Signature"],
        timestamp=_timestamp(query["X-Amz-Date"]),
        expires=int(expires),
        token=query.get("X-Amz-Security-Token"),
    )


@lru_cache(maxsize=1024)
def _credential(credential: str) -> CredentialScope:
    parts = credential.split("/")
    if len(parts) != 5 or not all(parts):
        raise IncompleteSignatureException(
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{credential}'"
        )
    return CredentialScope(*parts)


@lru_cache(maxsize=1024)
def _names(signed_headers: str) -> tuple[bytes, ...]:
    return tuple(sorted({name.lower().encode("latin-1") for name in signed_headers.split(";") if name}))


def _timestamp(date: str) -> str:
    """An X-Amz-Date as it is, or a Date header in the same form."""
    if _ISO_BASIC.fullmatch(date):
        return date
    try:
        parsed = parsedate_to_datetime(date)
        return (parsed.astimezone(UTC) if parsed.tzinfo else parsed).strftime(TIMESTAMP)
    except (ValueError, OverflowError):
        raise IncompleteSignatureException(
            f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None
