"""Keys that IAM and STS issue are those that the data plane's signature check knows."""

from __future__ import annotations

import gzip
import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from localstack.http import Request as HttpRequest
from moto.iam.models import iam_backends
from obsiverse_aws.credentials import answer
from platform_under_test import REGION, Platform, wait_for

OTHER = "161616161616"
ROLE = f"arn:aws:iam::{OTHER}:role/caller"


@pytest.fixture
def theirs(platform: Platform) -> Platform:
    """An endpoint of another account."""
    there = platform.client("sagemaker", OTHER).list_endpoints()["Endpoints"]
    if not any(one["EndpointName"] == "theirs" for one in there):
        platform.deploy_in(OTHER, "theirs")
    return platform


def new_key(platform: Platform, user: str) -> dict[str, str]:
    """An access key of a new user of the other account."""
    iam = platform.client("iam", OTHER)
    iam.create_user(UserName=user)
    return iam.create_access_key(UserName=user)["AccessKey"]


def invoke(platform: Platform, url: str, key: dict[str, str], **changed: Any) -> dict[str, Any]:
    """Invoke the other account's endpoint with a key."""
    signed = {"secret": key["SecretAccessKey"], "token": key.get("SessionToken"), **changed}
    client = platform.client("sagemaker-runtime", key["AccessKeyId"], url=url, **signed)
    return json.load(client.invoke_endpoint(EndpointName="theirs", Body=b"1 2", ContentType="text/csv")["Body"])


def urls(platform: Platform) -> tuple[str, str]:
    """Both ways to an endpoint."""
    return platform.endpoints_url, platform.edge_url


def refusal(platform: Platform, url: str, key: dict[str, str], **changed: Any) -> tuple[str, int]:
    """The code and the status that an invocation is refused with."""
    with pytest.raises(ClientError) as caught:
        invoke(platform, url, key, **changed)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_key_of_iam_invokes_the_endpoints_of_its_account(theirs: Platform) -> None:
    key = new_key(theirs, "caller")
    for url in urls(theirs):
        assert invoke(theirs, url, key)["body"] == "1 2"
        assert refusal(theirs, url, key, secret="wrong") == ("InvalidSignatureException", 403)
        assert refusal(theirs, url, key, token="stray") == ("UnrecognizedClientException", 403)


def test_key_that_was_deleted_or_disabled_is_unknown(theirs: Platform) -> None:
    iam = theirs.client("iam", OTHER)
    deleted, disabled = new_key(theirs, "leaver"), new_key(theirs, "sleeper")
    iam.delete_access_key(UserName="leaver", AccessKeyId=deleted["AccessKeyId"])
    iam.update_access_key(UserName="sleeper", AccessKeyId=disabled["AccessKeyId"], Status="Inactive")
    for key in (deleted, disabled, {"AccessKeyId": "LKIAQAAAAAAAUNKNOWN1", "SecretAccessKey": "any"}):
        for url in urls(theirs):
            assert refusal(theirs, url, key) == ("UnrecognizedClientException", 403)


def test_keys_of_sts_invoke_with_their_token(theirs: Platform) -> None:
    sts = theirs.client("sts", OTHER)
    issued = [
        sts.assume_role(RoleArn=ROLE, RoleSessionName="own")["Credentials"],
        theirs.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="from-another")["Credentials"],
        sts.get_session_token()["Credentials"],
        sts.get_federation_token(Name="guest")["Credentials"],
    ]
    for key in issued:
        for url in urls(theirs):
            assert invoke(theirs, url, key)["body"] == "1 2"
            assert refusal(theirs, url, key, token=None) == ("UnrecognizedClientException", 403)
            assert refusal(theirs, url, key, secret="wrong") == ("InvalidSignatureException", 403)


def test_session_token_is_of_whoever_asked_for_it(platform: Platform) -> None:
    key = new_key(platform, "tokens")
    sts = platform.client("sts", key["AccessKeyId"], secret=key["SecretAccessKey"])
    session = sts.get_session_token(DurationSeconds=900)["Credentials"]
    signed = {"secret": session["SecretAccessKey"], "token": session["SessionToken"]}
    own = platform.client("sts", session["AccessKeyId"], **signed)
    identity = own.get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (OTHER, f"arn:aws:iam::{OTHER}:user/tokens")
    with pytest.raises(ClientError, match="Cannot call GetSessionToken with session credentials"):
        own.get_session_token()
    assert 890 < session["Expiration"].timestamp() - time.time() < 910
    root = platform.client("sts", OTHER).get_session_token()["Credentials"]
    assert root["AccessKeyId"] != session["AccessKeyId"]


def test_localstack_logs_no_secret_however_much_it_logs() -> None:
    backend: Any = iam_backends[OTHER]["aws"]
    backend.create_user(region_name=REGION, user_name="logged")
    key = backend.create_access_key("logged")
    response = answer(HttpRequest(), key.access_key_id)
    # What the trace log writes of a stream is that it is one.
    assert response.is_streamed
    assert json.loads(response.get_data())["secret_access_key"] == key.secret_access_key


def test_accounts_key_signs_with_the_known_secret_alone(theirs: Platform) -> None:
    key = {"AccessKeyId": OTHER, "SecretAccessKey": "test"}
    for url in urls(theirs):
        assert invoke(theirs, url, key)["body"] == "1 2"
        assert refusal(theirs, url, key, secret="wrong") == ("InvalidSignatureException", 403)


def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
    """Status and document of a POST."""
    request = urllib.request.Request(url, body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_edge_passes_path_query_and_length_on_as_they_were_signed(theirs: Platform) -> None:
    for url in urls(theirs):
        # Go's and JavaScript's SDKs sign the length, too.
        address = f"{url}/endpoints/the%69rs/invocations?b=%2F%20&a=1"
        request = AWSRequest("POST", address, {"Host": url.removeprefix("http://"), "Content-Length": "3"}, b"1 2")
        request.headers["Content-Type"] = "text/csv"
        SigV4Auth(Credentials(OTHER, "test"), "sagemaker", REGION).add_auth(request)
        status, document = post(address, dict(request.headers.items()), b"1 2")
        assert (status, document.get("body")) == (200, "1 2"), document


def test_presigned_url_invokes_and_unsigned_requests_lack_a_token(theirs: Platform) -> None:
    for url in urls(theirs):
        headers = {"Host": url.removeprefix("http://"), "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
        request = AWSRequest("POST", f"{url}/endpoints/theirs/invocations", headers)
        SigV4QueryAuth(Credentials(OTHER, "test"), "sagemaker", REGION).add_auth(request)
        assert post(request.url, headers, b"1 2")[0] == 200
        status, document = post(f"{url}/endpoints/theirs/invocations", {}, b"1 2")
        assert (status, document) == (403, {"message": "Missing Authentication Token"})


def test_known_key_invokes_while_the_edge_is_away(theirs: Platform) -> None:
    key = new_key(theirs, "steady")
    assert invoke(theirs, theirs.endpoints_url, key)["body"] == "1 2"
    theirs.kill("edge")
    try:
        theirs.kill("endpoints")
        theirs.start_endpoints()
        assert invoke(theirs, theirs.endpoints_url, key)["body"] == "1 2"
        unasked = {"AccessKeyId": "LKIAQAAAAAAAUNKNOWN2", "SecretAccessKey": "any"}
        assert refusal(theirs, theirs.endpoints_url, unasked) == ("ServiceUnavailable", 503)
    finally:
        theirs.start_edge()
    wait_for(lambda: theirs.routes(), "routes are there")


def test_edge_says_so_where_the_data_plane_is_away(theirs: Platform) -> None:
    theirs.kill("endpoints")
    try:
        key = {"AccessKeyId": OTHER, "SecretAccessKey": "test"}
        assert refusal(theirs, theirs.edge_url, key) == ("ServiceUnavailable", 503)
    finally:
        theirs.start_endpoints()


def test_compressed_body_passes_as_it_was_signed(theirs: Platform) -> None:
    body = gzip.compress(b"1 2")
    for url in urls(theirs):
        client = theirs.client("sagemaker-runtime", OTHER, url=url)
        client.meta.events.register(
            "before-sign.sagemaker-runtime.InvokeEndpoint",
            lambda request, **_: request.headers.__setitem__("Content-Encoding", "gzip"),
        )
        answer = json.load(client.invoke_endpoint(EndpointName="theirs", Body=body)["Body"])
        assert answer["body"].encode("latin-1") == body


def test_bucket_of_that_name_is_still_s3_s(platform: Platform) -> None:
    platform.s3.create_bucket(Bucket="endpoints")
    upload = platform.s3.create_multipart_upload(Bucket="endpoints", Key="any/invocations")
    assert upload["UploadId"]
