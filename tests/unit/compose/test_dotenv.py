"""Files of variables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.compose import ComposeError, dotenv

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name != "export")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, environment=None, **options):
        file = tmp_path / "a.env"
        file.write_bytes(text.encode())
        return dotenv.read(file, environment or {}, **options)

    return write_and_read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1", {"A": "1"}),
        ("# a\n\n A = 1 \nB=\n", {"A": "1", "B": ""}),
        ("A=1\r\nB='2'\r\n", {"A": "1", "B": "2"}),
        ("\ufeffA=1\n", {"A": "1"}),
        ("A=a#b\nB=a #b\nC=#b\n", {"A": "a#b", "B": "a", "C": "#b"}),
        ("A: 1\nexport B=2\n", {"A": "1", "B": "2"}),
        ("A='$B \\n'\nB='it\\'s'\n", {"A": "$B \\n", "B": "it's"}),
        ('A="a\\tb\\"c\\\\ \\$D"\n', {"A": 'a\tb"c\\ $D'}),
        ('A="1\n2"\nB=3\n', {"A": "1\n2", "B": "3"}),
        ("A=1\nB=$A${A}${C:-3}\n", {"A": "1", "B": "113"}),
        ("A=1\nA=2$A\n", {"A": "21"}),
        ("A=a=b\n", {"A": "a=b"}),
        ("HERE\nNOT_HERE\nA=1\n", {"HERE": "shell", "A": "1"}),
        ("A=x\u2028y\n", {"A": "x\u2028y"}),
    ],
)
def test_syntax(read, text, expected):
    assert read(text, {"HERE": "shell"}) == expected


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("A=1\nB C=2\n", 2, "'B C=2' is not NAME=value"),
        ("A=1\n\nB!=2\n", 3, "is not NAME=value"),
        ("A='1\nB=2\n", 1, "A has a quote without end"),
        ("A='1\n2'\nB=${C:?missing}\n", 3, "the variable C is required: missing"),
        ("A=${\n", 1, "no closing brace"),
    ],
)
def test_errors_name_file_and_line(read, tmp_path, text, line, expected):
    with pytest.raises(ComposeError) as caught:
        read(text)
    assert str(caught.value).startswith(f"{tmp_path / 'a.env'}:{line}: ")
    assert expected in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "a.env"
    file.write_bytes(b"A=\xff\n")
    with pytest.raises(ComposeError, match="is no UTF-8"):
        dotenv.read(file, {})


def test_the_environment_comes_before_lines_above_and_these_before_earlier_files(read):
    assert read("A=line\nB=$A $C\n", {"A": "shell"}, earlier={"C": "earlier"})["B"] == "shell earlier"
    assert read("A=line\nB=$A\n", earlier={"A": "earlier"})["B"] == "line"


def test_a_variable_that_is_not_set_is_warned_of(read):
    warnings = []
    assert read("A=$B\n", warnings=warnings) == {"A": ""}
    assert "the variable B is not set" in warnings[0]


@given(st.dictionaries(NAMES, TEXTS))
def test_what_is_quoted_comes_back(tmp_path_factory, values):
    file = tmp_path_factory.mktemp("dotenv") / "a.env"
    quoted = {name: value for name, value in values.items() if "\\" not in value}
    escaped = ((name, value.replace("'", "\\'")) for name, value in quoted.items())
    file.write_bytes("".join(f"{name}='{value}'\n" for name, value in escaped).encode())
    assert dotenv.read(file, {}) == quoted


@given(st.text(st.sampled_from("AB=:#'\"\\$ {}-\n\texport"), max_size=40))
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("dotenv") / "a.env"
    file.write_text(text)
    try:
        assert all(isinstance(value, str) for value in dotenv.read(file, {}).values())
    except ComposeError as error:
        assert error.where is not None
