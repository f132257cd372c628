"""Variables, by Compose's grammar."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.compose.errors import ComposeError, Where
from obsiverse.compose.interpolate import Variables

HERE = Where(Path("compose.yaml"), 3)
VALUES = {"SET": "value", "EMPTY": ""}


def expand(text, values=VALUES):
    return Variables(values).expand(text, HERE, "services.a.image")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$SET", "value"), ("${SET}", "value"), ("a${SET}b", "avalueb"), ("$SET-x", "value-x"),
        ("${SET:-d}", "value"), ("${EMPTY:-d}", "d"), ("${EMPTY-d}", ""), ("${NONE-d}", "d"), ("${NONE:-d}", "d"),
        ("${SET:+x}", "x"), ("${EMPTY:+x}", ""), ("${EMPTY+x}", "x"), ("${NONE+x}", ""), ("${SET:?m}", "value"), ("${EMPTY?m}", ""),
        ("${NONE:-${SET}}", "value"), ("${NONE:-${ALSO:-deep}}", "deep"), ("${NONE:-a:b}", "a:b"), ("$$SET", "$SET"), ("$${SET}", "${SET}"),
        ("${NONE:-$$}", "$"), ("${NONE}", ""),
        ("^a$", "^a$"), ("$1", "$1"), ("${SET:-{a}}!", "value!"), ('${NONE:-{"a": {}}}!', '{"a": {}}!'), ("${NONE:-{}", "{"),
    ],
)  # fmt: skip
def test_expansion(text, expected):
    assert expand(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${NONE:?is needed}", "NONE is required: is needed"),
        ("${EMPTY:?is needed}", "EMPTY is required"),
        ("${SET", "no closing brace"),
        ("${}", "names no variable"),
        ("${1A}", "names no variable"),
        ("${SET!x}", "not understood"),
    ],
)
def test_errors_name_variable_file_line_and_key(text, expected):
    with pytest.raises(ComposeError) as caught:
        expand(text)
    assert expected in str(caught.value)
    assert str(caught.value).startswith("compose.yaml:3: services.a.image: ")


def test_an_unset_variable_warns_once_per_use():
    variables = Variables({})
    variables.expand("$A ${B}", HERE)
    assert len(variables.warnings) == 2
    assert "the variable A is not set" in variables.warnings[0]


@given(st.text())
def test_doubled_dollars_come_back_as_they_were(text):
    assert expand(text.replace("$", "$$")) == text


@given(st.text(alphabet="${}:-?+AB x", max_size=30))
def test_any_text_expands_or_is_refused(text):
    with contextlib.suppress(ComposeError):
        assert isinstance(expand(text), str)


@given(st.text(alphabet=st.characters(blacklist_characters="$}")), st.text(min_size=1))
def test_a_default_stands_in_for_what_is_not_set(default, value):
    assert expand(f"${{X:-{default}}}", {}) == default
    assert expand(f"${{X:-{default}}}", {"X": value}) == value
