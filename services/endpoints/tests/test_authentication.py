"""What is read from an Authorization header."""

from __future__ import annotations

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_endpoints.authentication import DEFAULT_ACCOUNT, authenticate
from obsiverse_endpoints.errors import IncompleteSignatureException, MissingAuthenticationTokenException

accounts = st.from_regex(r"[0-9]{12}", fullmatch=True)
keys = st.from_regex(r"[A-Z0-9]{16,32}", fullmatch=True)
regions = st.from_regex(r"[a-z]{2}-[a-z]{3,9}-[1-9]", fullmatch=True)


def signed(access_key: str, region: str) -> dict[bytes, bytes]:
    """The headers that botocore signs a request with."""
    request = AWSRequest("POST", "http://localhost/endpoints/e/invocations", data=b"1")
    SigV4Auth(Credentials(access_key, "test"), "sagemaker", region).add_auth(request)
    return {name.lower().encode(): value.encode() for name, value in request.headers.items()}


@given(accounts, regions)
def test_twelve_digits_are_the_account(account, region):
    assert authenticate(signed(account, region)) == (account, region, account)


@given(keys, regions)
def test_any_other_key_is_of_the_default_account(key, region):
    expected = key if len(key) == 12 and key.isdigit() else DEFAULT_ACCOUNT
    assert authenticate(signed(key, region)) == (expected, region, key)


@given(st.text())
def test_any_header_is_understood_or_refused(value):
    headers = {b"authorization": value.encode("utf-8"), b"x-amz-date": b"20260101T000000Z"}
    with pytest.raises((IncompleteSignatureException, MissingAuthenticationTokenException)):
        authenticate(headers)


@given(st.text(alphabet="abc019/-=, ", max_size=60))
def test_any_credential_is_understood_or_refused(credential):
    value = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
    headers = {b"authorization": value.encode(), b"date": b"now"}
    try:
        caller = authenticate(headers)
    except IncompleteSignatureException:
        return
    assert caller.region == credential.split(",")[0].strip().split("/")[2]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("AWS4-HMAC-SHA256 Credential=a/b/c/d/e", "'SignedHeaders'"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=h, Signature=s", "5 slash-delimited elements"),
        ("AWS4-HMAC-SHA256 Credential=a//c/d/e, SignedHeaders=h, Signature=s", "5 slash-delimited elements"),
        ("AWS4-HMAC-SHA256 nonsense", "missing equal-sign"),
        ("Basic abc", "Basic"),
    ],
)
def test_refusal_names_what_is_wrong(value, words):
    with pytest.raises(IncompleteSignatureException, match=words):
        authenticate({b"authorization": value.encode(), b"x-amz-date": b"20260101T000000Z"})


def test_request_without_a_date_is_refused():
    headers = signed("000000000000", "us-east-1")
    del headers[b"x-amz-date"]
    with pytest.raises(IncompleteSignatureException, match="X-Amz-Date"):
        authenticate(headers)
