"""Whatever a file holds, it is loaded or refused by a ComposeError; nothing else gets out."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obsiverse import compose
from obsiverse.compose import ComposeError
from obsiverse.compose.models import Service

KEYS = sorted(
    {field.alias or name for name, field in Service.model_fields.items() if not (field.alias or "").startswith("*")}
    | {"extends", "env_file", "name", "x-a", "a"}
)
TEXTS = st.sampled_from(
    ["", "a", "b", "1", "80:80", "a:/b", "./a:/b:ro", "A=b", "A", "5s", "1g", "always", "${A}", "${A:-b}", "$$", "service_healthy",
     "CMD", "NONE", "compose.yaml", ".", "bind", "true"]
)  # fmt: skip
INNER = st.sampled_from(
    ["a", "b", "A", "test", "interval", "retries", "context", "args", "condition", "required", "source", "target", "type", "path",
     "file", "service", "resources", "limits", "cpus", "memory", "devices", "driver", "options", "command", "healthcheck", "http", "port",
     "published", "x-b", "content", "environment", "extensions", "labels"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-1, 70000) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(INNER, inner, max_size=4), max_leaves=8
)
# One or two keys at a time, so that what is wrong with one does not hide the others.
SERVICE = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=2).map(lambda service: {"image": "x", **service})
SERVICES = st.dictionaries(st.sampled_from(["a", "b"]), SERVICE, min_size=1)
OTHERS = ("services", "name", "include", "configs", "secrets", "volumes", "networks", "x-a", "version", "other")
TOP = st.builds(
    lambda services, other: {"services": services, **other},
    SERVICES,
    st.dictionaries(st.sampled_from(OTHERS), st.dictionaries(st.sampled_from("ab"), VALUES) | VALUES, max_size=1),
)


def load_or_refuse(files):
    try:
        json.dumps(compose.to_config(compose.load(files, environment={"A": "1"}, native=True)))
    except ComposeError as error:
        assert error.message


@pytest.fixture(scope="module")
def write(tmp_path_factory):
    """Writes files into a folder of their own, since a file that was read is known by its time and size."""
    base, numbers = tmp_path_factory.mktemp("any"), itertools.count()

    def make(*contents):
        folder = base / str(next(numbers))
        folder.mkdir()
        files = [folder / name for name in ("compose.yaml", "over.yaml")][: len(contents)]
        for file, content in zip(files, contents, strict=True):
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return files

    return make


@given(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.text(st.sampled_from("ab:-[]{}&*!<>|'\"#\n\t ,?%@$"), max_size=30)
)
def test_any_text(write, text):
    load_or_refuse(write(text))


@given(st.binary(max_size=60))
def test_any_bytes(write, content):
    load_or_refuse(write(content))


@settings(max_examples=400, deadline=None)
@given(TOP)
def test_any_tree(write, tree):
    load_or_refuse(write(json.dumps(tree)))


@settings(max_examples=200, deadline=None)
@given(TOP, TOP)
def test_any_tree_over_another(write, under, over):
    load_or_refuse(write(json.dumps(under), json.dumps(over)))


def test_what_is_nested_thousands_of_times_is_refused(write):
    with pytest.raises(ComposeError, match="nested too deeply"):
        compose.load(write("x-a: " + "[" * 5000 + "]" * 5000), environment={})
