"""The agent's client against a scripted server: what it does when the agent misbehaves or is away."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from obsiverse_client import AgentClient, AgentError, AgentUnreachable

Answer = Callable[[socket.socket], None]


def reply(status: str, body: bytes, length: int | None = None) -> Answer:
    def send(connection: socket.socket) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n"
        connection.sendall(head.encode() + body)

    return send


def hang_up(_: socket.socket) -> None:
    """Answer nothing."""


class Server:
    """Answers one connection after the other, each as its script says, and keeps what was asked."""

    def __init__(self, path: Path, answers: list[Answer], *, late: float = 0.0) -> None:
        self.asked: list[bytes] = []
        self._answers = answers
        self._late = late
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        if not late:
            self._socket.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        if self._late:
            time.sleep(self._late)
            with contextlib.suppress(OSError):  # closed meanwhile
                self._socket.listen()
        for answer in self._answers:
            connection, _ = self._socket.accept()
            with connection:
                connection.settimeout(5)
                self.asked.append(self._read(connection))
                answer(connection)

    def _read(self, connection: socket.socket) -> bytes:
        data = connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        missing = int(lengths[0].split(b":")[1]) - len(body) if lengths else 0
        while missing > 0 and (more := connection.recv(65536)):
            data += more
            missing -= len(more)
        return data

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def place() -> Iterator[Path]:
    with TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder) / "agent.sock"


@pytest.fixture
def scripted(place: Path) -> Iterator[Callable[..., tuple[AgentClient, Server]]]:
    servers: list[Server] = []

    def make(*answers: Answer, late: float = 0.0, patience: float = 10.0) -> tuple[AgentClient, Server]:
        servers.append(Server(place, list(answers), late=late))
        return AgentClient(f"unix://{place}", patience=patience), servers[-1]

    yield make
    for server in servers:
        server.close()


Scripted = Callable[..., tuple[AgentClient, Server]]


@pytest.mark.parametrize(
    "address", ["", "/run/agent.sock", "http://localhost:1", "unix://", "unix://agent.sock", "unix:/a"]
)
def test_an_address_that_is_no_unix_sockets_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="unix:///"):
        AgentClient(address)


def test_no_agent_is_an_error_at_once_with_the_address_and_what_to_do(place: Path) -> None:
    with pytest.raises(AgentUnreachable, match="make up") as caught:
        AgentClient(f"unix://{place}").tasks()
    assert caught.value.address == f"unix://{place}"


def test_a_call_waits_for_an_agent_that_is_being_started_again(scripted: Scripted) -> None:
    client, _ = scripted(reply("200 OK", b"[]"), late=0.3)
    assert client.tasks() == []


def test_health_does_not_wait(scripted: Scripted) -> None:
    client, _ = scripted(late=5)
    with pytest.raises(AgentUnreachable):
        client.health()


def test_a_request_over_which_the_agent_died_is_sent_once_more_where_it_may_be(scripted: Scripted) -> None:
    client, server = scripted(hang_up, reply("201 Created", b'{"id": "a"}'), hang_up)
    assert client.put_task("a", {"command": ["x"]}) == {"id": "a"}
    assert server.asked[0] == server.asked[1]
    with pytest.raises(AgentUnreachable):
        client.restart("a")
    assert len(server.asked) == 3


def test_a_refusal_has_the_agents_words(scripted: Scripted) -> None:
    body = b'{"error": {"code": "start_failed", "message": "the program x is not there"}}'
    client, _ = scripted(reply("422 Unprocessable", body))
    with pytest.raises(AgentError, match="the program x is not there") as caught:
        client.put_task("a", {"command": ["x"]})
    assert (caught.value.status, caught.value.code) == (422, "start_failed")


@pytest.mark.parametrize("body", [b"", b"oops", b"[]", b'{"error": "x"}', b'{"error": {}}'])
def test_a_refusal_in_other_words_is_still_an_agents_error(scripted: Scripted, body: bytes) -> None:
    client, _ = scripted(reply("500 Internal Server Error", body))
    with pytest.raises(AgentError, match="500"):
        client.tasks()


def test_an_agent_that_dies_in_the_middle_of_an_answer_is_unreachable(scripted: Scripted) -> None:
    client, _ = scripted(
        reply("200 OK", b'[{"id"', length=100), reply("200 OK", b'{"t": 1, "line": "x"}\n{"t"', length=100)
    )
    with pytest.raises(AgentUnreachable):
        client.tasks()
    lines = client.logs("a", follow=True)
    assert next(lines) == (1.0, "x")
    with pytest.raises(AgentUnreachable):
        next(lines)


def test_a_refused_upload_is_the_agents_refusal_and_not_a_broken_pipe(scripted: Scripted) -> None:
    def refuse_early(connection: socket.socket) -> None:
        reply("400 Bad Request", b'{"error": {"code": "invalid_spec", "message": "no"}}')(connection)

    client, _ = scripted(refuse_early)
    with pytest.raises(AgentError, match="no"):
        client.put_archive("a", "/opt", io.BytesIO(b"x" * 5_000_000))


def test_names_and_paths_are_quoted(scripted: Scripted) -> None:
    client, server = scripted(reply("200 OK", b"{}"), reply("200 OK", b"{}"), reply("200 OK", b"[]"))
    client.task("a/../b c")
    client.put_archive("a", "/opt/a b&c", b"tar")
    client.tasks({"x": "a&b", "y": "1"})
    first = [asked.split(b"\r\n")[0] for asked in server.asked]
    assert first == [
        b"GET /tasks/a%2F..%2Fb%20c HTTP/1.1",
        b"PUT /tasks/a/archive?path=%2Fopt%2Fa+b%26c HTTP/1.1",
        b"GET /tasks?label=x%3Da%26b&label=y%3D1 HTTP/1.1",
    ]
    assert server.asked[1].endswith(b"tar")


def test_a_stream_left_early_closes_its_connection(scripted: Scripted) -> None:
    closed = threading.Event()

    def stream(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b'{"t": 1, "line": "x"}\n')
        if connection.recv(1) == b"":
            closed.set()

    client, _ = scripted(stream)
    lines = client.logs("a", follow=True)
    next(lines)
    lines.close()  # type: ignore[attr-defined]
    del lines
    assert closed.wait(5)
