"""Bodies to arrays and back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from obsiverse_model.errors import BadInput, UnsupportedAccept, UnsupportedContentType
from obsiverse_model.serving import content

tables = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    elements=st.floats(allow_nan=False, allow_infinity=False),
)


@pytest.mark.parametrize("content_type", content.SUPPORTED)
@given(tables)
def test_what_is_encoded_decodes_to_the_same(content_type: str, values: np.ndarray) -> None:
    body, written = content.encode(values, content_type)
    assert written == content_type
    np.testing.assert_array_equal(content.decode(body, f"{content_type}; charset=utf-8"), values)


@pytest.mark.parametrize("content_type", content.SUPPORTED)
@given(st.binary(max_size=200))
def test_any_body_is_an_array_or_bad_input(content_type: str, body: bytes) -> None:
    try:
        values = content.decode(body, content_type)
    except BadInput:
        return
    assert isinstance(values, np.ndarray)


def test_one_row_of_csv_has_two_dimensions_and_an_empty_cell_is_missing() -> None:
    values = content.decode(b"1,,3", "text/csv")
    assert values.shape == (1, 3)
    assert np.isnan(values[0, 1])


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/html, text/csv;q=0.5", "text/csv"),
        ("Application/JSON", "application/json"),
    ],
)
def test_first_accepted_type_that_can_be_written_is_chosen(accept: str | None, chosen: str) -> None:
    assert content.negotiate(accept) == chosen


def test_types_that_nobody_reads_or_writes_are_named() -> None:
    with pytest.raises(UnsupportedContentType, match="image/png"):
        content.decode(b"", "image/png")
    with pytest.raises(UnsupportedAccept, match="image/png"):
        content.encode([1], "image/png")


def test_arrays_inside_lists_and_dictionaries_become_json() -> None:
    body, _ = content.encode({"scores": np.array([1.5]), "labels": [np.int64(1)]}, "*/*")
    assert json.loads(body) == {"scores": [1.5], "labels": [1]}
