"""The page: nothing that was received runs in it, and it is told of new messages."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>"


class Page(HTMLParser):
    """Elements and attributes of a page."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    @property
    def scripts(self):
        return [attributes.get("src") for tag, attributes in self.elements if tag == "script"]

    @property
    def handlers(self):
        return [name for _, attributes in self.elements for name in attributes if name.startswith("on")]


def open_latest(inbox) -> Page:
    page = Page(inbox.http.get("/", params={"id": inbox.messages(limit=1)[0]["id"]}).text)
    assert page.scripts == ["/static/inbox.js"]
    assert page.handlers == []
    return page


def test_attack_in_a_mails_subject_sender_and_text_is_escaped(inbox, mail):
    inbox.send(mail(ATTACK, ATTACK, sender=f'"{ATTACK[:25]}" <a@example.com>'))
    page = open_latest(inbox)
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert "&lt;script&gt;alert(1)" in inbox.http.get("/").text


def test_html_mail_stands_in_a_sandbox_without_scripts(inbox, mail):
    message = mail()
    message.add_alternative(f"<p>hi{ATTACK}</p>", subtype="html")
    inbox.send(message)
    page = open_latest(inbox)
    [frame] = [attributes for tag, attributes in page.elements if tag == "iframe"]
    assert ATTACK in (frame["srcdoc"] or "")
    assert "allow-scripts" not in (frame["sandbox"] or "")
    assert "allow-same-origin" not in (frame["sandbox"] or "")


def test_attack_in_a_slack_message_is_escaped(inbox):
    payload = {
        "text": ATTACK,
        "username": ATTACK,
        "attachments": [
            {
                "title": ATTACK,
                "title_link": "javascript:alert(1)",
                "text": ATTACK,
                "color": "red;}</style>",
                "footer": ATTACK,
            }
        ],
    }
    assert inbox.slack(payload).text == "ok"
    page = open_latest(inbox)
    links = [attributes["href"] or "" for tag, attributes in page.elements if tag == "a"]
    assert not [link for link in links if link.startswith("javascript")]
    assert not [tag for tag, _ in page.elements if tag == "img"]


def test_attack_in_a_search_is_escaped(inbox):
    page = Page(inbox.http.get("/", params={"q": ATTACK}).text)
    assert page.scripts == ["/static/inbox.js"]
    assert page.handlers == []


@given(st.text(st.sampled_from("<>\"'&/=; scriptonerlag*_`|\n"), min_size=1, max_size=60).filter(str.strip))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_adds_a_script_or_handler(inbox, text):
    assert inbox.slack({"text": text, "username": text}).text == "ok"
    open_latest(inbox)


def test_policy_allows_nothing_from_elsewhere(inbox):
    policy = inbox.http.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy


def test_empty_inbox_says_where_to_send(inbox):
    html = inbox.http.get("/").text
    assert f"SMTP 127.0.0.1:{inbox.smtp_port}" in html
    assert f"{inbox.url}/services/" in html


def test_missing_message_is_said_to_be_gone(inbox):
    assert "This message is gone" in inbox.http.get("/?id=99999999").text


def read_events(lines, count):
    """The next events of a stream as (id, data)."""
    found = []
    event_id = ""
    for line in lines:
        if line.startswith("id: "):
            event_id = line[4:]
        elif line.startswith("data: "):
            found.append((event_id, json.loads(line[6:])))
            if len(found) == count:
                break
    return found


def test_open_page_is_told_of_matching_messages_as_they_come(inbox):
    with inbox.http.stream("GET", "/events", params={"kind": "slack", "q": "drift"}, timeout=20) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 1000"
        inbox.slack({"text": "nothing of interest"})
        inbox.slack({"text": "drift & more"})
        [(_, data)] = read_events(lines, 1)
    assert "drift &amp; more" in data["html"]
    assert data["counts"] == {"mail": 0, "slack": 2, "sns": 0}


@pytest.mark.parametrize("by_header", [True, False])
def test_stream_begins_with_what_was_missed(inbox, by_header):
    for text in ("seen", "missed 1", "missed 2"):
        inbox.slack({"text": text})
    seen = inbox.messages()[-1]["id"]
    position = {"headers": {"Last-Event-ID": str(seen)}} if by_header else {"params": {"after": seen}}
    with inbox.http.stream("GET", "/events", timeout=20, **position) as stream:
        events = read_events(stream.iter_lines(), 2)
    assert [event_id for event_id, _ in events] == [str(seen + 1), str(seen + 2)]
    assert "missed 1" in events[0][1]["html"]
