"""HTTP with short patience: whether a server answers at all is found out once a run."""

from __future__ import annotations

import threading
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from obsiverse.components.errors import DownloadFailed, Unreachable
from obsiverse.components.settings import ComponentSettings

_guard = threading.Lock()
_locks: dict[str, threading.Lock] = {}
_answers: dict[str, str] = {}


def client(settings: ComponentSettings) -> httpx.Client:
    """A client that follows redirects, honours proxy variables and gives up early."""
    timeout = httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout)
    # Compressed transfers would make byte ranges mean something else.
    return httpx.Client(timeout=timeout, follow_redirects=True, headers={"Accept-Encoding": "identity"})


def require_reachable(url: str, settings: ComponentSettings) -> None:
    """Return if the server of `url` answers; the answer holds for the rest of the run, for all threads.

    Raises:
        Unreachable: it does not, within `settings.connect_timeout`.
    """
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    with _guard:
        lock = _locks.setdefault(origin, threading.Lock())
    with lock:
        if origin not in _answers:
            _answers[origin] = _probe(origin, settings.connect_timeout)
    if _answers[origin]:
        raise Unreachable(f"{origin} can't be reached: {_answers[origin]}")


def forget() -> None:
    """Ask every server anew from now on."""
    with _guard:
        _locks.clear()
        _answers.clear()


def get_text(url: str, settings: ComponentSettings) -> str:
    """The body of a small text file.

    Raises:
        Unreachable: no answer.
        DownloadFailed: an answer that is not the file.
    """
    require_reachable(url, settings)
    try:
        with client(settings) as http:
            response = http.get(url)
    except httpx.HTTPError as error:
        raise Unreachable(f"{url} can't be read: {error or type(error).__name__}") from error
    if response.status_code != HTTPStatus.OK:
        raise DownloadFailed(f"{url} answers {response.status_code} {response.reason_phrase}".rstrip())
    return response.text


def _probe(origin: str, patience: float) -> str:
    """Why a server is out of reach; empty if it answers."""
    found: list[str] = []

    def ask() -> None:
        try:
            httpx.head(origin, timeout=patience)
        except httpx.HTTPError as error:
            found.append(str(error) or type(error).__name__)
        else:
            found.append("")

    # In a thread, because no timeout of ours bounds the resolver's.
    thread = threading.Thread(target=ask, name=f"probe {origin}", daemon=True)
    thread.start()
    thread.join(patience + 0.5)
    return found[0] if found else f"no answer in {patience:g} s"
