"""Specs: what is refused, what is kept, and what counts as the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.agent.errors import InvalidSpec
from obsiverse.agent.spec import Spec, check_name, parse_request, parse_spec

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(list(Spec.model_fields))


@given(st.dictionaries(fields, json_values, max_size=4))
def test_any_json_is_either_a_spec_or_refused_with_a_reason(value: dict[str, Any]) -> None:
    try:
        spec = parse_spec({"command": ["true"], **value})
    except InvalidSpec as error:
        assert str(error)
    else:
        again = parse_spec(json.loads(spec.model_dump_json()))
        assert again.hash() == spec.hash()


@given(json_values)
def test_what_is_no_object_is_refused(value: Any) -> None:
    if not isinstance(value, dict):
        with pytest.raises(InvalidSpec):
            parse_spec(value)


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]*", fullmatch=True), st.text(st.characters(codec="utf-8"))))
def test_the_order_of_keys_does_not_change_the_hash(env: dict[str, str]) -> None:
    env = {name: value for name, value in env.items() if "\0" not in value and not name.startswith("OBSIVERSE_")}
    forwards = parse_spec({"command": ["true"], "env": env})
    backwards = parse_spec({"env": dict(reversed(env.items())), "command": ["true"]})
    assert forwards.hash() == backwards.hash()


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ({}, "command"),
        ({"command": []}, "command"),
        ({"command": [""]}, "program"),
        ({"command": ["a\0b"]}, "NUL"),
        ({"command": ["a"], "comand": 1}, "comand"),
        ({"command": ["a"], "env": {"A-B": "x"}}, "A-B"),
        ({"command": ["a"], "env": {"OBSIVERSE_TASK": "x"}}, "sets this variable itself"),
        ({"command": ["a"], "ports": [{"container": 0}]}, "ports.0.container"),
        ({"command": ["a"], "ports": [{"container": 1}, {"container": 1}]}, "twice"),
        ({"command": ["a"], "paths": {"/a/../b": "X"}}, "without .."),
        ({"command": ["a"], "working_dir": "here"}, "absolute"),
        ({"command": ["a"], "stop_signal": "SIGSTOP"}, "stop_signal"),
        ({"command": ["a"], "health": {}}, "exactly one"),
        ({"command": ["a"], "health": {"test": ["NONE", "a"]}}, "CMD"),
        ({"command": ["a"], "health": {"tcp": {"port": 1}, "http": {"port": 1}}}, "exactly one"),
        ({"command": ["a"], "health": {"http": {"port": 1, "path": "/a b\r\nX: y"}}}, "health.http.path"),
        ({"command": ["a"], "restart": {"policy": "sometimes"}}, "restart.policy"),
        ({"command": ["a"], "stop_grace": float("inf")}, "stop_grace"),
    ],
)
def test_a_wrong_spec_is_refused_naming_what_is_wrong(spec: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidSpec, match=named):
        parse_spec(spec)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", "a b", "a" * 201, "ä", "a\n"])
def test_a_name_that_is_no_safe_folder_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidSpec):
        check_name(name, "task")


@pytest.mark.parametrize("field", ["command", "image", "ports", "paths", "working_dir", "stop_signal", "logging"])
def test_a_request_by_template_chooses_no_program_and_no_bind(field: str) -> None:
    with pytest.raises(InvalidSpec, match=field):
        parse_request({"template": "model", field: None})


def test_a_request_merges_env_and_labels_and_replaces_the_rest() -> None:
    template = parse_spec(
        {
            "command": ["p"],
            "args": ["a"],
            "env": {"A": "1", "B": "1"},
            "labels": {"x": "1"},
            "restart": {"policy": "no"},
        }
    )
    spec = parse_request(
        {"template": "t", "args": ["b"], "env": {"B": "2"}, "labels": {"y": "2"}, "restart": {"policy": "always"}}
    ).over(template)
    assert spec.args == ["b"]
    assert spec.env == {"A": "1", "B": "2"}
    assert spec.labels == {"x": "1", "y": "2"}
    assert spec.restart.policy == "always"
    assert spec.command == ["p"]
