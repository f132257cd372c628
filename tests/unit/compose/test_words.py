"""Commands as words, numbers as texts, ports as numbers."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.compose import ports, shellwords
from obsiverse.compose.scalars import text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_quoted_words_come_back(words):
    assert shellwords.split(shlex.join(words)) == words


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("a  b\tc\nd", ["a", "b", "c", "d"]),
        ("a \"b c\" 'd e'", ["a", "b c", "d e"]),
        ('a \'b "c"\' "d \\" e"', ["a", 'b "c"', 'd " e']),
        ("a\\ b '' \"\"", ["a b", "", ""]),
        ("a '&' \";\" # b", ["a", "&", ";", "#", "b"]),
        ("", []),
    ],
)
def test_words(command, words):
    assert shellwords.split(command) == words


@pytest.mark.parametrize("command", ["a && b", "a | b", "a > b", "a; b", "(a)", "a 'b", 'a "b'])
def test_what_needs_a_shell_or_has_no_end_is_refused(command):
    with pytest.raises(ValueError, match=r"needs a shell|has no end"):
        shellwords.split(command)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"), (False, "false"), (8, "8"), (1.0, "1"), (1.5, "1.5"), (-2.5, "-2.5"), (0.0, "0"), (-0.0, "-0"),
        (100000.0, "100000"), (123456.0, "123456"), (1e6, "1e+06"), (1234567.5, "1.2345675e+06"), (1e21, "1e+21"),
        (0.0001, "0.0001"), (0.00001, "1e-05"), (5e-324, "5e-324"), (float("inf"), "+Inf"), (float("nan"), "NaN"), ("a", "a"),
    ],
)  # fmt: skip
def test_scalars_are_the_texts_that_compose_makes_of_them(value, expected):
    assert text(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_float_reads_as_itself(value):
    assert float(text(value)) == value


@pytest.mark.parametrize(
    ("short", "expected"),
    [
        ("80", [{"target": 80}]),
        ("8080:80", [{"target": 80, "published": "8080"}]),
        ("127.0.0.1:8080:80/UDP", [{"target": 80, "published": "8080", "host_ip": "127.0.0.1", "protocol": "udp"}]),
        ("[::1]:8080:80", [{"target": 80, "published": "8080", "host_ip": "::1"}]),
        ("127.0.0.1::80", [{"target": 80, "host_ip": "127.0.0.1"}]),
        ("1-2:3-4", [{"target": 3, "published": "1"}, {"target": 4, "published": "2"}]),
        ("3-4", [{"target": 3}, {"target": 4}]),
    ],
)
def test_ports(short, expected):
    assert ports.parse(short) == expected


@pytest.mark.parametrize(
    "short", ["", "x", "80:", "0", "0:80", "65536", "2-1", "1-2:1", "-1:80", "80/sctp", "::1:80:80", "a:80:80"]
)
def test_what_is_no_port_is_refused(short):
    with pytest.raises(ValueError, match="port"):
        ports.parse(short)
