"""The Slack-compatible webhook."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_inbox import slack


def test_json_payload_is_answered_ok_and_listed(inbox):
    response = inbox.slack({"text": "endpoint *clinical* rolled back", "username": "redeploy", "channel": "#ml"})
    assert (response.status_code, response.text) == (200, "ok")
    [message] = inbox.messages(kind="slack")
    assert message["subject"] == "endpoint clinical rolled back"
    assert (message["from"], message["to"]) == ("redeploy", ["#ml"])


def test_form_payload_is_the_same_as_json(inbox):
    response = inbox.http.post("/services/T/B/t", data={"payload": json.dumps({"text": "by form"})})
    assert (response.status_code, response.text) == (200, "ok")
    assert inbox.latest()["payload"] == {"text": "by form"}


def test_attachments_of_alertmanager_are_searchable(inbox):
    payload = {
        "attachments": [{"title": "[FIRING:1] EndpointErrorRatioHigh", "text": "*7 %* of requests", "color": "danger"}]
    }
    assert inbox.slack(payload).text == "ok"
    assert inbox.latest()["subject"] == "[FIRING:1] EndpointErrorRatioHigh"
    assert len(inbox.messages(q="7 % of requests")) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_payload"),
        (b"{", "invalid_payload"),
        (b"[]", "invalid_payload"),
        (b'"text"', "invalid_payload"),
        (b"\xff", "invalid_payload"),
        (b'{"text": {}}', "invalid_payload"),
        (b'{"attachments": "no"}', "invalid_payload"),
        (b"{}", "no_text"),
        (b'{"text": ""}', "no_text"),
        (b'{"text": "x", "blocks": {}}', "invalid_blocks"),
        (json.dumps({"attachments": [{"text": "x"}] * 101}).encode(), "too_many_attachments"),
        (b"[" * 100_000, "invalid_payload"),
    ],
)
def test_bad_payload_is_refused_with_slacks_own_error(inbox, body, code):
    response = inbox.http.post("/services/T/B/t", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.text) == (400, code)
    assert inbox.messages() == []


def test_form_without_payload_is_refused(inbox):
    assert inbox.http.post("/services/T/B/t", data={"text": "x"}).text == "invalid_payload"


def test_body_beyond_the_limit_is_refused(inbox):
    assert inbox.slack({"text": "x" * 1024 * 1024}).status_code == 413


def test_get_is_not_allowed(inbox):
    assert inbox.http.get("/services/T/B/t").status_code == 405


def test_lone_surrogate_is_replaced(inbox):
    response = inbox.http.post(
        "/services/T/B/t", content=b'{"text": "a\\ud800b"}', headers={"Content-Type": "application/json"}
    )
    assert response.text == "ok"
    assert inbox.latest()["text"] == "a?b"


def test_blocks_replace_the_text_which_is_for_notifications_only():
    payload = {
        "text": "fallback",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Drift"}},
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "*PSI* 0.31"},
                "fields": [{"type": "mrkdwn", "text": "radius"}],
            },
            {"type": "divider"},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "run 42"}]},
            {
                "type": "actions",
                "elements": [
                    {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "https://example.com"},
                    {"type": "button", "text": {"type": "plain_text", "text": "Bad"}, "url": "javascript:alert(1)"},
                ],
            },
        ],
    }
    heading, section, divider, context, actions = slack.sections(payload)
    assert heading.heading == "Drift"
    assert (section.text, section.fields) == ("*PSI* 0.31", (("", "radius"),))
    assert divider.divider
    assert context.footer == "run 42"
    assert actions.buttons == (("Open", "https://example.com"),)


@given(st.text(min_size=1).filter(str.strip))
def test_any_text_is_taken(text):
    body = json.dumps({"text": text}).encode()
    incoming = slack.incoming("application/json; charset=utf-8", body)
    assert json.loads(incoming.raw)["text"] == text.encode("utf-8", "replace").decode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(
    st.sampled_from(["type", "text", "title", "fields", "elements", "color", "url", "fallback"]), json_values
)


@given(text=json_values, blocks=st.lists(objects, max_size=3), attachments=st.lists(objects, max_size=3))
def test_any_payload_is_taken_or_refused_with_an_error(text, blocks, attachments):
    body = json.dumps({"text": text, "blocks": blocks, "attachments": attachments}).encode()
    try:
        slack.incoming("application/json", body)
    except slack.SlackError as error:
        assert error.code in ("no_text", "invalid_payload", "invalid_blocks", "too_many_attachments")
