"""The JSON API of messages."""

from __future__ import annotations

import time

import pytest


def test_messages_are_listed_newest_first_and_filtered(inbox, mail):
    before = time.time()
    inbox.slack({"text": "first"})
    inbox.send(mail("second", "100 % certain"))
    inbox.slack({"text": "third_one"})
    assert [message["subject"] for message in inbox.messages()] == ["third_one", "second", "first"]
    assert [message["subject"] for message in inbox.messages(kind="slack")] == ["third_one", "first"]
    assert [message["subject"] for message in inbox.messages(limit=1)] == ["third_one"]
    assert [message["subject"] for message in inbox.messages(q="100 %")] == ["second"]
    assert [message["subject"] for message in inbox.messages(q="third_")] == ["third_one"]
    assert inbox.messages(q="%") == inbox.messages(q="100 %")
    assert len(inbox.messages(since=before)) == 3
    assert inbox.messages(since=time.time() + 1) == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "since=yesterday", "since=nan", "kind=fax"])
def test_bad_parameter_is_refused_with_a_reason(inbox, query):
    response = inbox.http.get(f"/api/messages?{query}")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_parameter"


@pytest.mark.parametrize("wanted", ["999999", "0", str(2**63), "9" * 40])
def test_unknown_message_is_404(inbox, wanted):
    response = inbox.http.get(f"/api/messages/{wanted}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_delete_empties_the_inbox_and_says_how_many(inbox):
    inbox.slack({"text": "one"})
    inbox.slack({"text": "two"})
    assert inbox.http.delete("/api/messages").json() == {"deleted": 2}
    assert inbox.messages() == []


def test_ids_are_not_used_again_after_a_delete(inbox):
    inbox.slack({"text": "one"})
    before = inbox.messages()[0]["id"]
    inbox.http.delete("/api/messages")
    inbox.slack({"text": "two"})
    assert inbox.messages()[0]["id"] > before


def test_health_counts_messages(inbox):
    inbox.slack({"text": "one"})
    assert inbox.http.get("/health").json() == {"status": "ok", "messages": 1}
