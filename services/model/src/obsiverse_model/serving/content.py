"""Bodies to arrays and back, for handlers that the user did not write: JSON, CSV, NumPy's own format."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from obsiverse_model.errors import BadInput, UnsupportedAccept, UnsupportedContentType

JSON = "application/json"
CSV = "text/csv"
NPY = "application/x-npy"
SUPPORTED = (JSON, CSV, NPY)


def media_type(header: str | None) -> str:
    """A Content-Type without its parameters, in lower case; JSON where there is none."""
    return (header or JSON).split(";")[0].strip().lower()


def negotiate(accept: str | None) -> str:
    """The first supported type of an Accept header; JSON where any will do. Raises UnsupportedAccept."""
    wanted = [media_type(each) for each in (accept or "*/*").split(",")]
    for each in wanted:
        if each in SUPPORTED:
            return each
        if each in ("*/*", "application/*"):
            return JSON
    raise UnsupportedAccept(f"{accept} can't be written; Accept can be {', '.join(SUPPORTED)}")


def decode(body: bytes, content_type: str) -> NDArray[Any]:
    """A request's body as an array; CSV always has two dimensions, with NaN for an empty cell.

    Raises:
        UnsupportedContentType: not one of SUPPORTED.
        BadInput: it does not parse as that.
    """
    readers = {JSON: _from_json, CSV: _from_csv, NPY: _from_npy}
    reader = readers.get(media_type(content_type))
    if reader is None:
        raise UnsupportedContentType(f"{content_type} can't be read; Content-Type can be {', '.join(SUPPORTED)}")
    return reader(body)


def encode(prediction: Any, accept: str) -> tuple[bytes, str]:
    """A prediction as a body, and its type. Raises UnsupportedAccept."""
    chosen = negotiate(accept)
    if chosen == JSON:
        return json.dumps(_plain(prediction)).encode(), JSON
    values = np.asarray(prediction)
    if chosen == NPY:
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        return buffer.getvalue(), NPY
    text = io.StringIO()
    rows = values.reshape(-1, 1) if values.ndim < 2 else values.reshape(len(values), -1)
    csv.writer(text, lineterminator="\n").writerows(rows.tolist())
    return text.getvalue().encode(), CSV


def _from_json(body: bytes) -> NDArray[Any]:
    try:
        values = np.array(json.loads(body))
    except ValueError as error:
        raise BadInput(f"the body is no JSON array: {error}") from error
    if values.dtype == object:
        raise BadInput("the body is no JSON array of numbers or strings")
    return values


def _from_csv(body: bytes) -> NDArray[Any]:
    try:
        rows = [row for row in csv.reader(io.StringIO(body.decode())) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"the body is no CSV: {error}") from error
    if not rows:
        raise BadInput("the body has no row")
    width = len(rows[0])
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise BadInput(f"row {number} has {len(row)} cells, the first has {width}")
    return np.array([[_number(cell, number) for cell in row] for number, row in enumerate(rows, 1)])


def _number(cell: str, row: int) -> float:
    if not cell or cell.isspace():
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        raise BadInput(f"row {row}: {cell!r} is no number") from None


def _from_npy(body: bytes) -> NDArray[Any]:
    try:
        # Pickled objects run code when they are loaded.
        return np.load(io.BytesIO(body), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BadInput(f"the body is no array in NumPy's format: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
