"""Errors say what they mean and what to do; secrets stay out of them."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.promote.errors import WrongAccount
from obsiverse.promote.faults import explained, is_missing
from obsiverse.promote.place import Place
from obsiverse.promote.redaction import HIDDEN, has_hidden, redacted, text
from obsiverse.targets.models import Credentials, Endpoints
from tests.unit.promote.memory import target


def refusal(code: str, message: str, operation: str = "CreateModel") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}, operation
    )  # pyright: ignore[reportArgumentType]


def test_a_missing_permission_is_named_with_the_line_that_gives_it():
    arn = "arn:aws:sagemaker:eu-west-1:222222222222:model/clinical"
    said = (
        f"User: arn:aws:iam::222222222222:user/a is not authorized to perform: sagemaker:CreateModel on resource: {arn}"
    )
    error = explained(refusal("AccessDeniedException", said), "create sagemaker-model/clinical", target())
    assert f"sagemaker:CreateModel on {arn}" in error.message
    statement = json.loads(error.hint.partition(": ")[2])
    assert statement == {"Effect": "Allow", "Action": "sagemaker:CreateModel", "Resource": arn}


@pytest.mark.parametrize(
    ("error", "source", "message", "hint"),
    [
        (refusal("ExpiredTokenException", "expired"), "environment", "expired", "AWS_SESSION_TOKEN"),
        (refusal("InvalidClientTokenId", "invalid"), "environment", "does not know", "AWS_ACCESS_KEY_ID"),
        (NoCredentialsError(), "environment", "no credentials", "AWS_ACCESS_KEY_ID"),
        (refusal("ServiceQuotaExceededException", "5 workspaces"), "environment", "quota", "Service Quotas"),
        (EndpointConnectionError(endpoint_url="https://grafana"), "environment", "grafana", "eu-west-1"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1"), "emulated", "127.0.0.1", "obsiverse ps"),
    ],
)
def test_an_error_says_the_next_step(error: Exception, source: Any, message: str, hint: str):
    where = (
        target(credentials=Credentials(source=source))
        if source == "emulated"
        else target(credentials=Credentials(source=source), endpoints=Endpoints())
    )
    shown = explained(error, "reading", where)
    assert message in shown.message
    assert hint in shown.hint


def test_an_expired_profile_is_signed_in_to():
    where = target(credentials=Credentials(source="profile", profile="work"), endpoints=Endpoints())
    assert "aws sso login --profile work" in explained(refusal("ExpiredToken", "over"), "reading", where).hint


@pytest.mark.parametrize(
    ("code", "message", "missing"),
    [
        ("ResourceNotFoundException", "", True),
        ("NoSuchEntity", "", True),
        ("404", "Not Found", True),
        ("ValidationException", 'Could not find model "x".', True),
        ("ValidationException", "1 validation error", False),
        ("AccessDenied", "", False),
    ],
)
def test_absence_is_told_from_refusal(code: str, message: str, missing: bool):
    assert is_missing(refusal(code, message)) is missing


def test_no_client_is_made_for_credentials_of_another_account(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def answer(params: Any, **_: Any) -> Any:
        """Of the transport: what AWS would say."""
        asked.append(params.headers.get("X-Amz-Target", "") or str(params.body))
        body = (
            "<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><GetCallerIdentityResult>"
            "<Arn>arn:aws:iam::999999999999:root</Arn><UserId>a</UserId><Account>999999999999</Account>"
            "</GetCallerIdentityResult></GetCallerIdentityResponse>"
        )
        from botocore.awsrequest import AWSResponse

        class Raw:
            def stream(self, **_: Any):
                yield body.encode()

        return AWSResponse(params.url, 200, {}, Raw())

    def record(client: Any) -> None:
        client.meta.events.register("before-send", lambda request, **_: answer(request))

    place = Place(target(), prepare=record)
    with pytest.raises(WrongAccount, match="999999999999"):
        place.client("sagemaker")
    assert len(asked) == 1
    assert "GetCallerIdentity" in asked[0]


def test_clients_are_not_loaded_by_other_commands():
    import subprocess
    import sys

    program = "import sys, obsiverse.cli; print([m for m in ('boto3', 'botocore', 'httpx') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert boto3.__name__ == "boto3"


@pytest.mark.parametrize(
    "name", ["password", "SLACK_WEBHOOK_URL", "apiKey", "secretKey", "AWS_SECRET_ACCESS_KEY", "GRAFANA_TOKEN"]
)
def test_a_secret_is_known_by_its_name(name: str):
    assert redacted({"a": [{name: "value"}]}) == {"a": [{name: HIDDEN}]}


@pytest.mark.parametrize(
    "secret",
    [
        "https://hooks.slack.com/services/T0/B0/abcdefgh",
        "postgres://me:abcdefgh@host/db",
        "key AKIAABCDEFGHIJKLMNOP",
        "glsa_abcdefghijklmnopqrstuvwxyz012345_abcdefgh",
    ],
)
def test_a_secret_is_known_by_its_shape(secret: str):
    assert "abcdefgh" not in text(secret).lower()
    assert has_hidden({"a": text(secret)})


def test_the_arn_of_a_secret_is_none():
    arn = "arn:aws:secretsmanager:eu-west-1:222222222222:secret:pagerduty"
    assert redacted({"secret_arn": arn}) == {"secret_arn": arn}


plain_texts = st.text(alphabet="abc/", max_size=5)
documents = st.recursive(
    st.none() | st.integers() | plain_texts,
    lambda inner: st.lists(inner) | st.dictionaries(st.text("xyz"), inner),
)


@given(documents)
def test_what_is_no_secret_stays_as_it_is(value: Any):
    assert redacted(value) == value
    assert not has_hidden(value)
