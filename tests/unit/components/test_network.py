from __future__ import annotations

import threading

import pytest

from obsiverse.components import network
from obsiverse.components.errors import Unreachable
from obsiverse.components.settings import ComponentSettings

from .conftest import Publisher


def test_server_that_never_answers_is_unreachable_and_asked_once(
    publisher: Publisher, settings: ComponentSettings
) -> None:
    publisher.silence = threading.Event()
    with pytest.raises(Unreachable):
        network.get_text(f"{publisher.url}/a", settings)
    publisher.silence.set()
    with pytest.raises(Unreachable):
        network.get_text(f"{publisher.url}/b", settings)
    assert publisher.requests == []


def test_text_of_a_server_that_answers(publisher: Publisher, settings: ComponentSettings) -> None:
    publisher.files["/sums"] = b"hello"
    assert network.get_text(f"{publisher.url}/sums", settings) == "hello"
