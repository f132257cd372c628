"""Ports are checked before anything starts."""

import os
import socket

import pytest

from obsiverse.engine.errors import PortTaken
from obsiverse.engine.ports import PublishedPort, check_free


def test_a_taken_port_is_reported_with_its_holder_and_the_variable_that_moves_it():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            check_free([PublishedPort("mlflow", "127.0.0.1", port)], {"MLFLOW_PORT": str(port), "OTHER_PORT": "1"})
    message = str(caught.value)
    assert f"port {port}, which mlflow needs" in message
    assert f"process {os.getpid()}" in message
    assert "set MLFLOW_PORT" in message


def test_every_taken_port_is_reported_at_once():
    with socket.socket() as one, socket.socket() as two:
        for holder in (one, two):
            holder.bind(("127.0.0.1", 0))
            holder.listen()
        wanted = [PublishedPort("a", "127.0.0.1", s.getsockname()[1]) for s in (one, two)]
        with pytest.raises(PortTaken) as caught:
            check_free(wanted, {})
    assert "which a needs" in str(caught.value)
    assert str(caught.value).count("is held by") == 2


def test_free_ports_pass():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    check_free([PublishedPort("a", "127.0.0.1", port)], {})
