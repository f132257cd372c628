"""A batch of requests through the handlers; rows of requests that fit together are predicted together."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from obsiverse_model.errors import BadInput, RequestError
from obsiverse_model.serving.handlers import Handlers, as_body

_TWO_DIMENSIONS = 2


@dataclass(frozen=True)
class Request:
    """An invocation's body and the types that go with it."""

    body: bytes
    content_type: str
    accept: str


@dataclass(frozen=True)
class Answer:
    """A response's body and its content type."""

    body: bytes
    content_type: str


class Inference:
    """Answers requests, in one thread: handlers need not be safe in several.

    Args:
        forwarded: told the seconds of each call of the model.
    """

    def __init__(self, handlers: Handlers, forwarded: Callable[[float], None] = lambda _: None) -> None:
        self._handlers = handlers
        self._forwarded = forwarded
        self._splits = True

    def answer(self, requests: list[Request]) -> list[Answer | Exception]:
        """One answer or exception a request, in order. What a handler raises concerns its own request alone."""
        if self._handlers.transform is not None:
            return [_caught(self._transform, request) for request in requests]
        data = [_caught(self._read, request) for request in requests]
        predictions = self._predict(data)
        return [
            prediction if isinstance(prediction, Exception) else _caught(self._write, prediction, request)
            for prediction, request in zip(predictions, requests, strict=True)
        ]

    def _transform(self, request: Request) -> Answer:
        assert self._handlers.transform is not None
        transform = self._handlers.transform
        given = self._timed(lambda: transform(request.body, request.content_type, request.accept))
        return Answer(*as_body(given, request.accept))

    def _read(self, request: Request) -> Any:
        try:
            return self._handlers.input(request.body, request.content_type)
        except ValueError as error:
            # Reading the body is all that an input_fn does, and ValueError is Python's word for a value that can't be read.
            raise BadInput(str(error)) from error

    def _write(self, prediction: Any, request: Request) -> Answer:
        return Answer(*as_body(self._handlers.output(prediction, request.accept), request.accept))

    def _forward(self, data: Any) -> Any:
        return self._timed(lambda: self._handlers.predict(data))

    def _timed(self, call: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = call()
        self._forwarded(time.perf_counter() - began)
        return result

    def _predict(self, data: list[Any]) -> list[Any]:
        predictions = list(data)
        groups: dict[Hashable, list[int]] = {}
        for index, each in enumerate(data):
            if not isinstance(each, Exception):
                groups.setdefault(_kind(each) or ("alone", index), []).append(index)
        for members in groups.values():
            for index, prediction in zip(members, self._predict_group([data[i] for i in members]), strict=True):
                predictions[index] = prediction
        return predictions

    def _predict_group(self, group: list[Any]) -> list[Any]:
        if len(group) > 1 and self._splits:
            try:
                together = self._forward(_concatenate(group))
            except Exception:  # noqa: BLE001 - the ones by one below tell whose it is
                return [_caught(self._forward, each) for each in group]
            parts = _split(together, [len(each) for each in group])
            if parts is not None:
                return parts
            self._splits = False
        return [_caught(self._forward, each) for each in group]


def _caught(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except RequestError as error:
        return error
    except Exception as error:  # noqa: BLE001 - user code raises what it likes; the caller answers and logs it
        return error


def _kind(data: Any) -> Hashable:
    """Equal for data whose rows can stand in one array; None for what can stand with nothing."""
    if (isinstance(data, np.ndarray) or _is_tensor(data)) and data.ndim == _TWO_DIMENSIONS:
        return (type(data), data.dtype, getattr(data, "device", None), data.shape[1])
    return None


def _concatenate(group: list[Any]) -> Any:
    if isinstance(group[0], np.ndarray):
        return np.concatenate(group)
    return sys.modules["torch"].cat(group)


def _split(prediction: Any, lengths: list[int]) -> list[Any] | None:
    """The rows of each request, or None where the prediction has not one row for each row of the data."""
    rows = isinstance(prediction, np.ndarray | list) or _is_tensor(prediction)
    if not rows or getattr(prediction, "ndim", 1) == 0 or len(prediction) != sum(lengths):
        return None
    ends = np.cumsum(lengths).tolist()
    return [prediction[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)
