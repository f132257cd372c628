"""Filter patterns, as AWS's documentation has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_telemetry.logs.errors import InvalidParameterException
from obsiverse_telemetry.logs.filter_pattern import parse


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "error", False),
        ("ERROR ARGUMENTS", "ERROR: missing ARGUMENTS", True),
        ("ERROR ARGUMENTS", "ERROR", False),
        ("?ERROR ?WARN", "a WARN", True),
        ("?ERROR ?WARN", "INFO", False),
        ("ERROR -ARGUMENTS", "ERROR ARGUMENTS", False),
        ("ERROR -ARGUMENTS", "ERROR 400", True),
        ('"INTERNAL SERVER ERROR"', "[500] INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "INTERNAL ERROR", False),
        (r'"say \"hi\""', 'they say "hi"', True),
        ("%status=[45]..%", "status=503", True),
        ('{ $.a = "x*" }', '{"a": "xyz"}', True),
        ("{ $.a = 1 && $.b.c > 2.5 }", '{"a": 1, "b": {"c": 3}}', True),
        ("{ $.a = 1 && $.b.c > 2.5 }", '{"a": 1, "b": {"c": 2}}', False),
        ("{ ($.a = 2 || $.l[1] = true) && $.n IS NULL }", '{"a": 1, "l": [0, true], "n": null}', True),
        ("{ $.missing NOT EXISTS }", '{"a": 1}', True),
        ("{ $.missing NOT EXISTS }", '{"missing": null}', False),
        ("{ $.a != 1 }", "no json", False),
        ("{ $.l[*] = 3 }", '{"l": [1, 3]}', True),
        ("[ip, user, ..., status = 4*, size > 1000]", '10.0.0.1 bob [a date] "GET /" 404 1534', True),
        ("[ip, user, ..., status = 4*, size > 1000]", '10.0.0.1 bob [a date] "GET /" 404 99', False),
        ("[a, b]", "one two three", False),
        ("[w = ERROR || w = WARN, ...]", "WARN x", True),
    ],
)
def test_a_pattern_chooses(pattern, message, matches):
    assert parse(pattern).matches(message) is matches


@pytest.mark.parametrize(
    ("pattern", "position"), [("{ $.a }", 6), ("{ $.a = }", 8), ("{ a = 1 }", 2), ("[a, ]", 4), ("{ $.a > x }", 8)]
)
def test_a_pattern_that_is_none_says_where(pattern, position):
    with pytest.raises(InvalidParameterException, match=f"at character {position}"):
        parse(pattern)


@given(st.text(min_size=1).filter(str.strip))
def test_a_quoted_term_finds_itself(text):
    escaped = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert parse(escaped).matches(f"before {text} after")


@given(st.text())
def test_any_text_is_a_pattern_or_an_error_of_a_client(text):
    try:
        parse(text).matches('{"a": 1}')
    except InvalidParameterException as error:
        assert error.status == 400
