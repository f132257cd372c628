"""Whose request it is, and which are refused: botocore signs, the service checks."""

from __future__ import annotations

import asyncio
import time
from hashlib import sha256
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_dataplane.authentication import Authenticator
from obsiverse_dataplane.credential import Credential
from obsiverse_dataplane.errors import (
    AwsError,
    ExpiredTokenException,
    IncompleteSignatureException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
    UnrecognizedClientException,
)
from signing import ACCOUNT, REGION, signed

URL = "http://localhost:4570/endpoints/e/invocations"
KEY, SECRET, TOKEN = "LSIAQAAAAAAAGMKEM7X5", "of-the-key", "token+of/it=="
accounts = st.from_regex(r"[0-9]{12}", fullmatch=True)
regions = st.from_regex(r"[a-z]{2}-[a-z]{3,9}-[1-9]", fullmatch=True)


class Known:
    """Stands for Credentials, which has tests of its own."""

    def __init__(self, *found: Credential) -> None:
        self._found = found

    async def find(self, access_key: str) -> Credential:
        if len(access_key) == 12:
            return Credential(access_key, "test")
        if access_key == KEY and self._found:
            return self._found[0]
        raise UnrecognizedClientException


def check(headers, body=b"1", url=URL, credentials=None, ahead=0.0):
    """The caller of a POST, `ahead` seconds from now."""
    parts = urlsplit(url)
    wire = {name.lower().encode(): value.encode() for name, value in headers.items()}
    authenticator = Authenticator(credentials or Known(), "sagemaker", clock=lambda: time.time() + ahead)
    path, query = parts.path.encode(), parts.query.encode()
    return asyncio.run(authenticator.authenticate("POST", path, query, wire, body))


@given(accounts, regions)
def test_account_and_region_are_those_that_signed(account, region):
    caller = check(signed(URL, b"1", access_key=account, region=region))
    assert caller == (account, region, account)


@given(st.text(min_size=1, max_size=30), st.binary(max_size=100), st.text(alphabet="ab c\t,;", max_size=20))
def test_whatever_botocore_signs_is_accepted(name, body, attributes):
    url = f"http://host/endpoints/{quote(f'x{name}', safe='')}/invocations"
    headers = {"X-Amzn-SageMaker-Custom-Attributes": attributes, "Content-Type": "text/csv"}
    assert check(signed(url, body, headers), body, url).account == ACCOUNT


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=4))
def test_query_is_signed_as_well(pairs):
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    url = f"{URL}?{query}"
    headers = signed(url, b"1")
    assert check(headers, url=url).account == ACCOUNT
    with pytest.raises(InvalidSignatureException):
        check(headers, url=f"{url}&more=1")


@pytest.mark.parametrize("length", [0, 1, 300_000])
def test_bodies_of_any_length_are_signed(length):
    body = b"x" * length
    headers = signed(URL, body)
    assert check(headers, body).account == ACCOUNT
    with pytest.raises(InvalidSignatureException):
        check(headers, body + b"x")


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://localhost:4570/endpoints/other/invocations"},
        {"body": b"2"},
        {"headers": {"Host": "elsewhere"}},
        {"headers": {"Content-Type": "application/json"}},
        {"secret": "wrong"},
    ],
)
def test_request_that_is_not_the_signed_one_is_refused(change):
    headers = signed(URL, b"1", {"Content-Type": "text/csv"}, secret=change.get("secret", "test"))
    headers |= change.get("headers", {})
    with pytest.raises(InvalidSignatureException, match="The request signature we calculated does not match") as caught:
        check(headers, change.get("body", b"1"), change.get("url", URL))
    assert caught.value.status == 403


def test_header_that_was_not_signed_may_change():
    headers = signed(URL, b"1") | {"User-Agent": "a proxy's", "X-Forwarded-For": "127.0.0.1"}
    assert check(headers).account == ACCOUNT


def test_refusal_shows_what_should_have_been_signed():
    with pytest.raises(
        InvalidSignatureException, match="The Canonical String for this request should have been\n'POST"
    ):
        check(signed(URL, b"2"))


@pytest.mark.parametrize(("ahead", "good"), [(-290, True), (290, True), (-310, False), (310, False)])
def test_signature_is_good_for_five_minutes_before_and_after(ahead, good):
    headers = signed(URL, b"1")
    if good:
        assert check(headers, ahead=ahead).account == ACCOUNT
        return
    words = "Signature expired: .* is now earlier than" if ahead > 0 else "Signature not yet current: .* is still later"
    with pytest.raises(InvalidSignatureException, match=words):
        check(headers, ahead=ahead)


def test_date_header_stands_for_x_amz_date():
    headers = signed(URL, b"1", {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"})
    assert "X-Amz-Date" not in headers, "botocore signs the Date header where there is one"
    assert check(headers).account == ACCOUNT


@pytest.mark.parametrize(
    ("content_hash", "good"),
    [("UNSIGNED-PAYLOAD", True), (sha256(b"1").hexdigest(), True), (sha256(b"2").hexdigest(), False), ("", False)],
)
def test_signed_content_hash_is_the_body_s_or_none(content_hash, good):
    headers = signed(URL, b"1", {"X-Amz-Content-SHA256": content_hash})
    if good:
        assert check(headers).account == ACCOUNT
    else:
        with pytest.raises(InvalidSignatureException):
            check(headers)


def test_content_hash_that_is_not_signed_counts_for_nothing():
    headers = signed(URL, b"1") | {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    with pytest.raises(InvalidSignatureException):
        check(headers, b"2")


def test_scope_is_of_this_service():
    with pytest.raises(InvalidSignatureException, match="scoped to correct service: 'sagemaker'"):
        check(signed(URL, b"1", service="s3"))
    headers = signed(URL, b"1")
    for old, new, words in (
        ("aws4_request", "aws5_request", "valid terminator"),
        (f"{ACCOUNT}/2", f"{ACCOUNT}/3", "Date"),
    ):
        with pytest.raises(InvalidSignatureException, match=words):
            check(headers | {"Authorization": headers["Authorization"].replace(old, new)})


def test_host_must_be_signed():
    headers = signed(URL, b"1")
    with pytest.raises(InvalidSignatureException, match="'Host'"):
        check(headers | {"Authorization": headers["Authorization"].replace("=host;", "=")})


def test_unknown_key_is_refused():
    with pytest.raises(UnrecognizedClientException, match="The security token included in the request is invalid"):
        check(signed(URL, b"1", access_key="LKIAQAAAAAAAUNKNOWN1"))


@pytest.mark.parametrize(
    ("token", "lives", "error"),
    [
        (TOKEN, 60, None),
        (TOKEN, -60, ExpiredTokenException),
        ("another", 60, UnrecognizedClientException),
        (None, 60, UnrecognizedClientException),
    ],
)
def test_temporary_key_takes_its_token_and_its_time(token, lives, error):
    credentials = Known(Credential("111111111111", SECRET, TOKEN, time.time() + lives))
    headers = signed(URL, b"1", access_key=KEY, secret=SECRET, token=token)
    if error is None:
        assert check(headers, credentials=credentials) == ("111111111111", REGION, KEY)
    else:
        with pytest.raises(error):
            check(headers, credentials=credentials)


def test_token_of_a_permanent_key_is_refused():
    with pytest.raises(UnrecognizedClientException):
        check(signed(URL, b"1", token="some"))


def presigned(body=b"", headers=None, token=None, expires=3600, access_key=ACCOUNT, secret="test"):  # noqa: S107 - every account's, and no secret
    """A URL that botocore signed, and the headers that go with it."""
    request = AWSRequest("POST", f"{URL}?x=1%202", {**(headers or {}), "Host": "localhost:4570"})
    if body:
        request.headers["X-Amz-Content-SHA256"] = sha256(body).hexdigest()
    SigV4QueryAuth(Keys(access_key, secret, token), "sagemaker", REGION, expires=expires).add_auth(request)
    return request.url, dict(request.headers.items())


@pytest.mark.parametrize("body", [b"", b"1,2"])
def test_presigned_url_is_accepted_until_it_expires(body):
    url, headers = presigned(body)
    assert check(headers, body, url).account == ACCOUNT
    assert check(headers, body, url, ahead=3590).account == ACCOUNT
    with pytest.raises(InvalidSignatureException, match="Signature expired"):
        check(headers, body, url, ahead=3610)
    with pytest.raises(InvalidSignatureException, match="does not match"):
        check(headers, body + b"3", url)
    with pytest.raises(InvalidSignatureException, match="does not match"):
        check(headers, body, url.replace("Expires=3600", "Expires=3601"))


def test_presigned_url_of_a_temporary_key_carries_its_token():
    credentials = Known(Credential("111111111111", SECRET, TOKEN, time.time() + 60))
    url, headers = presigned(token=TOKEN, access_key=KEY, secret=SECRET)
    assert check(headers, b"", url, credentials).account == "111111111111"


@pytest.mark.parametrize("missing", ["X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"])
def test_presigned_url_without_a_part_names_it(missing):
    url, headers = presigned()
    with pytest.raises(IncompleteSignatureException, match=f"must include '{missing}'"):
        check(headers, b"", url.replace(f"{missing}=", f"{missing}-not="))


@pytest.mark.parametrize("expires", ["0", "604801", "-1", "soon"])
def test_presigned_url_has_a_sensible_expiry(expires):
    url, headers = presigned()
    with pytest.raises(IncompleteSignatureException, match="X-Amz-Expires"):
        check(headers, b"", url.replace("Expires=3600", f"Expires={expires}"))


def test_request_without_any_signature_lacks_a_token():
    with pytest.raises(MissingAuthenticationTokenException):
        check({"Host": "localhost:4570"})


@given(st.text(), st.text(max_size=20), st.text(alphabet="X-AmzDate=&%20+;/", max_size=80))
def test_any_headers_are_understood_or_refused(value, date, query):
    headers = {"Authorization": value, "X-Amz-Date": date}
    with pytest.raises(AwsError):
        check(headers, url=f"{URL}?{quote(query, safe='=&%+;/')}")


@given(st.text(alphabet="abc019/-=, ", max_size=60), st.sampled_from(["20260101T000000Z", "20261399T000000Z", "now"]))
def test_any_credential_is_refused_where_nobody_signed(credential, date):
    value = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
    with pytest.raises(AwsError) as caught:
        check({"Authorization": value, "X-Amz-Date": date})
    assert caught.value.status in (400, 403)


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
        check({"Authorization": value, "X-Amz-Date": "20260101T000000Z"})


def test_request_without_a_date_is_refused():
    headers = signed(URL, b"1")
    del headers["X-Amz-Date"]
    with pytest.raises(IncompleteSignatureException, match="X-Amz-Date"):
        check(headers)
