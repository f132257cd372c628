"""Slack's formatting."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_inbox import mrkdwn


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _it_ ~gone~ `code`", "<strong>bold</strong> <em>it</em> <s>gone</s> <code>code</code>"),
        ("*bold _both_*", "<strong>bold <em>both</em></strong>"),
        ("snake_case_name 2*3*4", "snake_case_name 2*3*4"),
        ("```a\nb```", "<pre>a\nb</pre>"),
        ("a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c"),
        ("<!here> <@U1>", "<span class=mention>@here</span> <span class=mention>@U1</span>"),
        (
            "<https://example.com/?a=1&amp;b=2|the run>",
            '<a href="https://example.com/?a=1&amp;b=2" target=_blank rel="noopener noreferrer">the run</a>',
        ),
        ("<javascript:alert(1)|x>", "<span class=mention>x</span>"),
        ("<script>alert(1)</script>", "<span class=mention>script</span>alert(1)<span class=mention>/script</span>"),
    ],
)
def test_formatting_becomes_elements(text, html):
    assert str(mrkdwn.to_html(text)) == html


class Elements(HTMLParser):
    """Collects the elements of a document and the targets of its links."""

    def __init__(self):
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert {name for name, _ in attrs} <= {"href", "target", "rel", "class"}


@given(st.text(st.sampled_from("*_~`<>|&;\"'= \n:/ahtpsjvcript#!@"), max_size=80) | st.text(max_size=80))
def test_html_never_has_other_elements_or_unsafe_links(text):
    found = Elements()
    found.feed(str(mrkdwn.to_html(text)))
    assert found.tags <= {"strong", "em", "s", "code", "pre", "a", "span"}
    assert all(mrkdwn.safe_url(link) for link in found.links)


@given(st.text(st.characters(exclude_characters="*_~`<>&"), max_size=80))
def test_plain_text_stays_as_it_is(text):
    assert mrkdwn.to_text(text) == text
