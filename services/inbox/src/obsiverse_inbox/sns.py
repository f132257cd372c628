"""SNS over HTTP(S): confirms subscriptions and takes notifications.

https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from obsiverse_inbox.messages import Incoming, one_line, storable

CONFIRM_TIMEOUT_SECONDS = 10


class SnsError(Exception):
    """A delivery that can't be taken; SNS tries again by its retry policy where `retry`."""

    def __init__(self, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry


def parse(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The message of a delivery. Raw deliveries, which are the bare message, get the fields their headers name.

    Raises:
        SnsError: it is not one of SNS's.
    """
    if headers.get("x-amz-sns-rawdelivery", "").lower() == "true":
        return {
            "Type": "Notification",
            "TopicArn": headers.get("x-amz-sns-topic-arn", ""),
            "MessageId": headers.get("x-amz-sns-message-id", ""),
            "Message": storable(body.decode("utf-8", "replace")),
        }
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise SnsError("the body is not JSON") from None
    if not isinstance(message, dict) or not isinstance(cast("dict[str, Any]", message).get("Type"), str):
        raise SnsError("the body is not a message of SNS: it has no Type")
    return cast("dict[str, Any]", message)


def incoming(message: dict[str, Any]) -> Incoming:
    """A notification as a message of the inbox."""
    text = storable(_string(message, "Message"))
    topic = storable(_string(message, "TopicArn")).rpartition(":")[2]
    return Incoming(
        kind="sns",
        sender=topic or "SNS",
        recipients=(),
        subject=storable(_string(message, "Subject")) or one_line(text),
        text=text,
        raw=json.dumps(message).encode(),
    )


async def confirm(message: dict[str, Any], endpoint: str | None) -> None:
    """Confirm a subscription: call ConfirmSubscription with the message's token.

    The call goes to `endpoint`, never to the message's SubscribeURL: whoever posts here would choose what is opened.

    Args:
        endpoint: AWS_ENDPOINT_URL.

    Raises:
        SnsError: there is no endpoint, the message lacks a token, or the endpoint refused.
    """
    topic, token = _string(message, "TopicArn"), _string(message, "Token")
    if not topic or not token:
        raise SnsError("a SubscriptionConfirmation needs TopicArn and Token")
    if not endpoint:
        raise SnsError("AWS_ENDPOINT_URL is not set, so there is nowhere to confirm the subscription")
    # Only here, because few inboxes ever confirm a subscription, and all would pay 2 MB for it.
    import httpx

    query = {"Action": "ConfirmSubscription", "TopicArn": topic, "Token": token}
    try:
        async with httpx.AsyncClient(timeout=CONFIRM_TIMEOUT_SECONDS) as client:
            response = await client.get(endpoint, params=query)
            response.raise_for_status()
    except httpx.HTTPError as error:
        raise SnsError(f"the subscription could not be confirmed: {error}", retry=True) from error


def _string(message: dict[str, Any], key: str) -> str:
    value = message.get(key)
    return value if isinstance(value, str) else ""
