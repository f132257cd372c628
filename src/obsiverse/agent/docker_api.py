"""The Docker engine's API, as far as tasks need it: typed, and its errors in the agent's terms.

Calls block; threads may share one client.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

import docker
import docker.errors
import requests
import urllib3.exceptions

from obsiverse.agent.errors import AgentFault, DiskFull, StartFailed

ANSWER_SECONDS = 60


class EngineUnavailable(AgentFault):
    """The Docker engine does not answer."""

    status = 503
    code = "no_engine"


class Refused(StartFailed):
    """The engine refused; the message is its own."""


class Missing(Refused):
    """The engine has no such container, image or path."""


class Docker:
    """A client of one engine.

    Args:
        address: such as `unix:///var/run/docker.sock`; DOCKER_HOST, or the usual socket, where not given.

    Raises:
        EngineUnavailable: it does not answer.
    """

    def __init__(self, address: str | None = None) -> None:
        with _translated():
            # Untyped; what comes out of it is the engine's JSON.
            self._api: Any = (
                docker.APIClient(base_url=address, version="auto", timeout=ANSWER_SECONDS)
                if address
                else docker.from_env(version="auto", timeout=ANSWER_SECONDS).api
            )

    def inspect(self, container: str) -> dict[str, Any]:
        """A container by id or name. Raises Missing."""
        with _translated():
            return self._api.inspect_container(container)

    def inspect_image(self, image: str) -> dict[str, Any]:
        """An image by id or name. Raises Missing."""
        with _translated():
            return self._api.inspect_image(image)

    def labelled(self, **labels: str) -> list[dict[str, Any]]:
        """Containers with all these labels, whatever their state; `_` stands for `.` in a label's name."""
        wanted = [f"{name.replace('_', '.')}={value}" for name, value in labels.items()]
        with _translated():
            return self._api.containers(all=True, filters={"label": wanted})

    def create(self, name: str, config: Mapping[str, Any]) -> str:
        """Create a container; returns its id. Raises Missing where its image is not here, Refused, DiskFull."""
        with _translated():
            return self._api.create_container_from_config(dict(config), name)["Id"]

    def connect(self, container: str, network: str, alias: str) -> None:
        """Attach a container to one more network."""
        with _translated():
            self._api.connect_container_to_network(container, network, aliases=[alias])

    def pull(self, image: str) -> Iterator[str]:
        """Pull an image; what the engine reports, line by line. Raises Refused, DiskFull."""
        with _translated():
            for event in self._api.pull(image, stream=True, decode=True):
                if "error" in event:
                    raise _refusal(str(event["error"]))
                yield " ".join(str(event[key]) for key in ("id", "status", "progress") if event.get(key))

    def start(self, container: str) -> None:
        """Start a container. Raises Refused, DiskFull."""
        with _translated():
            self._api.start(container)

    def kill(self, container: str, signal: str) -> None:
        """Signal a container's program; nothing where it has ended."""
        try:
            with _translated():
                self._api.kill(container, signal)
        except Missing:
            pass
        except Refused as error:
            if "is not running" not in str(error):
                raise

    def remove(self, container: str) -> None:
        """Kill and remove a container with its anonymous volumes; nothing where it is gone."""
        try:
            with _translated():
                self._api.remove_container(container, v=True, force=True)
        except Missing:
            pass
        except Refused as error:
            if "already in progress" not in str(error):
                raise

    def logs(self, container: str, since: float | None, *, follow: bool) -> Iterator[bytes]:
        """What a container printed, in pieces of a line at most, each after the time it was printed and a space."""
        with _translated():
            stream = self._api.logs(container, stream=True, follow=follow, timestamps=True, since=since)
            yield from stream

    def run_in(self, container: str, command: Sequence[str]) -> int:
        """Run a program in a container to its end; returns its exit code."""
        with _translated():
            made = self._api.exec_create(container, list(command))["Id"]
            self._api.exec_start(made)
            return self._api.exec_inspect(made)["ExitCode"]

    def usage(self, container: str) -> dict[str, Any]:
        """A container's counters of CPU, memory and processes."""
        with _translated():
            return self._api.stats(container, stream=False, one_shot=True)

    def put_archive(self, container: str, path: str, tar: IO[bytes]) -> None:
        """Unpack a tar under a folder of a container. Raises Missing, Refused, DiskFull."""
        with _translated():
            self._api.put_archive(container, path, tar)

    def get_archive(self, container: str, path: str, target: IO[bytes]) -> None:
        """Write a tar of a path, which stands in it under its own last name. Raises Missing."""
        with _translated():
            chunks, _ = self._api.get_archive(container, path)
            for chunk in chunks:
                target.write(chunk)


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except docker.errors.NotFound as error:
        raise Missing(_text(error)) from error
    except docker.errors.APIError as error:
        raise _refusal(_text(error)) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, docker.errors.DockerException) as error:
        raise EngineUnavailable(f"the Docker engine does not answer: {error}") from error


def _text(error: docker.errors.APIError) -> str:
    explanation: object = error.explanation  # pyright: ignore[reportUnknownMemberType] - untyped
    return str(explanation or error)


def _refusal(text: str) -> AgentFault:
    if "no space left on device" in text:
        return DiskFull(f"the Docker engine's disk is full: {text}. Free some, for example with `docker system prune`.")
    if "could not select device driver" in text and "gpu" in text:
        return Refused(f"{text}. Install the NVIDIA container toolkit, or start without compose/gpu.yaml.")
    return Refused(text)
