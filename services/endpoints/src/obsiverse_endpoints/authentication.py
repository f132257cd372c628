"""Who calls: the one place where a request's signature is looked at.

Today the Authorization header is parsed and its credential scope believed; checking the signature against the key's
secret belongs here.
Format: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from obsiverse_endpoints.errors import IncompleteSignatureException, MissingAuthenticationTokenException

ALGORITHM = "AWS4-HMAC-SHA256"
DEFAULT_ACCOUNT = "000000000000"
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_PARAMETERS = ("Credential", "SignedHeaders", "Signature")


class Caller(NamedTuple):
    """An authenticated caller."""

    account: str
    region: str
    access_key: str


def authenticate(headers: Mapping[bytes, bytes]) -> Caller:
    """The caller of a request with these headers (names in lower case).

    Raises MissingAuthenticationTokenException without an Authorization header, IncompleteSignatureException for one
    that is not Signature Version 4's.
    """
    raw = headers.get(b"authorization", b"").strip()
    if not raw:
        raise MissingAuthenticationTokenException("Missing Authentication Token")
    authorization = raw.decode("latin-1")
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise IncompleteSignatureException(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    parameters = _parameters(rest, authorization)
    missing = [f"Authorization header requires '{name}' parameter." for name in _PARAMETERS if not parameters.get(name)]
    if b"x-amz-date" not in headers and b"date" not in headers:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        raise IncompleteSignatureException(f"{' '.join(missing)} Authorization={authorization}")
    return _caller(parameters["Credential"])


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


@lru_cache(maxsize=1024)
def _caller(credential: str) -> Caller:
    parts = credential.split("/")
    if len(parts) != 5 or not all(parts):
        raise IncompleteSignatureException(
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{credential}'"
        )
    access_key, _, region, _, _ = parts
    account = access_key if _ACCOUNT.fullmatch(access_key) else DEFAULT_ACCOUNT
    return Caller(account, region, access_key)
