"""SNS notifications and subscriptions over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

TOPIC = "arn:aws:sns:us-east-1:000000000000:model-alarms"


class Endpoint:
    """Stands where AWS_ENDPOINT_URL points; keeps the queries it was asked, answers with `status`."""

    def __init__(self):
        self.queries: list[dict[str, list[str]]] = []
        self.status = 200
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner.queries.append(parse_qs(urlsplit(self.path).query))
                self.send_response(owner.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An AWS endpoint."""
    one = Endpoint()
    yield one
    one.server.shutdown()
    one.server.server_close()


def deliver(inbox, message, **headers):
    """Post as SNS does: JSON that calls itself text."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return inbox.http.post("/sns", content=body, headers={"Content-Type": "text/plain; charset=UTF-8", **headers})


def test_notification_is_kept(inbox):
    alarm = json.dumps({"AlarmName": "clinical-p99", "NewStateValue": "ALARM"})
    response = deliver(
        inbox, {"Type": "Notification", "TopicArn": TOPIC, "Subject": "ALARM: clinical-p99", "Message": alarm}
    )
    assert response.status_code == 200
    got = inbox.latest()
    assert (got["kind"], got["from"], got["subject"], got["text"]) == (
        "sns",
        "model-alarms",
        "ALARM: clinical-p99",
        alarm,
    )
    assert got["notification"]["TopicArn"] == TOPIC


def test_raw_delivery_is_kept_as_the_message(inbox):
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-topic-arn": TOPIC, "x-amz-sns-rawdelivery": "true"}
    assert deliver(inbox, "drift: größer".encode(), **headers).status_code == 200
    got = inbox.latest()
    assert (got["from"], got["text"]) == ("model-alarms", "drift: größer")


def test_subscription_is_confirmed_at_the_configured_endpoint_only(start, endpoint):
    inbox = start(AWS_ENDPOINT_URL=endpoint.url)
    elsewhere = Endpoint()
    message = {
        "Type": "SubscriptionConfirmation",
        "TopicArn": TOPIC,
        "Token": "t0ken",
        "SubscribeURL": f"{elsewhere.url}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t0ken",
    }
    assert deliver(inbox, message).status_code == 200
    assert endpoint.queries == [{"Action": ["ConfirmSubscription"], "TopicArn": [TOPIC], "Token": ["t0ken"]}]
    assert elsewhere.queries == []
    elsewhere.server.shutdown()
    elsewhere.server.server_close()


def test_refused_confirmation_is_answered_so_that_sns_tries_again(start, endpoint):
    inbox = start(AWS_ENDPOINT_URL=endpoint.url)
    endpoint.status = 500
    response = deliver(inbox, {"Type": "SubscriptionConfirmation", "TopicArn": TOPIC, "Token": "t"})
    assert response.status_code == 502
    assert "could not be confirmed" in response.json()["error"]["message"]


def test_subscription_without_an_endpoint_says_what_is_missing(start):
    inbox = start(AWS_ENDPOINT_URL="")
    response = deliver(inbox, {"Type": "SubscriptionConfirmation", "TopicArn": TOPIC, "Token": "t"})
    assert response.status_code == 400
    assert "AWS_ENDPOINT_URL" in response.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"Type": 1}', b'{"Type": "Other"}'])
def test_what_sns_never_sends_is_refused(inbox, body):
    assert deliver(inbox, body).status_code == 400
    assert inbox.messages() == []
