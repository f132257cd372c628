"""What callers of Managed Grafana can choose freely: configurations and the tokens of pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_aws.grafana.configuration import DEFAULT, parse
from obsiverse_aws.grafana.errors import ValidationException
from obsiverse_aws.grafana.listing import page

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["enabled", "plugins"]), inner),
)


def identity(one: int) -> list[Any]:
    return [one]


@given(st.text() | VALUES.map(json.dumps))
def test_whatever_is_no_configuration_is_refused(text):
    try:
        found = parse(text)
    except ValidationException:
        return
    assert set(found) == set(DEFAULT)
    assert all(isinstance(value, bool) for options in found.values() for value in options.values())


@given(st.booleans(), st.booleans())
def test_a_configuration_is_what_it_says(alerting, plugins):
    given = {"unifiedAlerting": {"enabled": alerting}, "plugins": {"pluginAdminEnabled": plugins}}
    assert parse(json.dumps(given)) == given
    assert parse(json.dumps({"plugins": given["plugins"]})) == {**DEFAULT, "plugins": given["plugins"]}


def test_a_configuration_nested_beyond_reason_is_refused():
    with pytest.raises(ValidationException):
        parse("[" * 60000)


@given(st.text())
def test_a_token_that_no_page_had_is_refused(token):
    try:
        found = page([1, 2, 3], {"nextToken": token} if token else {}, identity, str, "found")
    except ValidationException:
        return
    assert set(found["found"]) <= {"1", "2", "3"}


@given(st.lists(st.integers(), unique=True), st.integers(1, 5))
def test_pages_hold_everything_once_and_in_order(numbers, size):
    seen, token = [], None
    while True:
        request = {"maxResults": size, **({"nextToken": token} if token else {})}
        answer = page(numbers, request, identity, int, "found")
        assert len(answer["found"]) <= size
        seen += answer["found"]
        token = answer.get("nextToken")
        if token is None:
            break
    assert seen == sorted(numbers)
