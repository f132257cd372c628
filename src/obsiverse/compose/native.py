"""What only the native engine needs: `x-native` of a service, and the addresses that services have without Docker.

Compose interpolates `x-native` like the rest of a file. A variable that the engine fills, such as the place of a volume, is therefore
written `$${DATA}` in `x-native.command` and `x-native.environment`: both engines read `${DATA}` out of it, and neither asks the
shell for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from obsiverse.compose.errors import ComposeError, Where
from obsiverse.compose.fields import Count, Duration, PortNumber, Variable

if TYPE_CHECKING:
    from obsiverse.compose.models import Port, Service

ADDRESS = "_ADDR"
LOCAL = frozenset({"localhost", "host.docker.internal"})
Absolute = Annotated[str, StringConstraints(pattern=r"^/")]
PortKey = Annotated[str, StringConstraints(pattern=r"^\d+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpCheck(_Strict):
    """A GET that has to be answered with a status from 200 to 399."""

    port: PortNumber
    path: Absolute = "/"


class TcpCheck(_Strict):
    """A connection that has to be taken."""

    port: PortNumber


class NativeCheck(_Strict):
    """A health check that the agent makes itself: an HTTP GET or a TCP connection to a container port, or a command.

    Durations in seconds.
    """

    http: HttpCheck | None = None
    tcp: TcpCheck | None = None
    test: tuple[str, ...] | None = None
    interval: Duration = 30.0
    timeout: Duration = 30.0
    retries: Annotated[Count, Field(ge=1)] = 3
    start_period: Duration = 0.0
    start_interval: Duration = 5.0

    @model_validator(mode="after")
    def _checks_one_thing(self) -> Self:
        if sum(check is not None for check in (self.http, self.tcp, self.test)) != 1:
            raise ValueError("takes one of http, tcp and test")
        if self.test is not None and (len(self.test) < 2 or self.test[0] not in ("CMD", "CMD-SHELL")):
            raise ValueError("takes a test that begins with CMD or CMD-SHELL")
        return self

    def as_spec(self) -> dict[str, Any]:
        """The agent's form of it (docs/design.md, "The agent's API")."""
        return self.model_dump(exclude_none=True)


class Native(_Strict):
    """`x-native` of a service (docs/design.md). Paths are absolute.

    Attributes:
        project: the folder of the Python project that `python` in `command[0]` is of.
        component: the Go program that `command[0]` names.
        ports: container port to the variable that tells a task its port.
        paths: folder inside a task to the variable that gets its real place.
        volumes: target of a volume, config or secret to the variable that gets its real place.
        programs: variable to the program whose real path it gets.
        pages: variable to the folder of a web page's sources; it gets the folder of the built page.
        otherwise: what runs instead where a component or one of the programs can't be had. It stands for itself: nothing
            of the block around it counts.
    """

    command: Annotated[tuple[str, ...], Field(min_length=1)]
    project: Path | None = None
    component: str | None = None
    environment: dict[Variable, str] = {}
    working_dir: Path | None = None
    healthcheck: NativeCheck | None = None
    ports: dict[PortKey, Variable] = {}
    paths: dict[Absolute, Variable] = {}
    volumes: dict[str, Variable] = {}
    programs: dict[Variable, str] = {}
    pages: dict[Variable, Path] = {}
    otherwise: Native | None = None

    @model_validator(mode="after")
    def _is_one_program(self) -> Self:
        if self.project is not None and self.component is not None:
            raise ValueError("takes project for Python or component for a Go program, not both")
        if self.otherwise is not None and self.component is None and not self.programs:
            raise ValueError("takes otherwise only beside component or programs, which it stands in for")
        return self


@dataclass(frozen=True)
class AddressDefault:
    """A `${NAME_ADDR:-service:port}` whose variable was not set."""

    name: str
    default: str
    where: Where


def addresses(defaults: Sequence[AddressDefault], services: Mapping[str, Service]) -> dict[str, str]:
    """What each address variable is natively: 127.0.0.1 and the port that the service publishes.

    Raises:
        ComposeError: there is no such service, it does not publish the port, or a variable stands for two addresses.
    """
    found: dict[str, str] = {}
    first: dict[str, AddressDefault] = {}
    for one in defaults:
        service, sign, port = one.default.rpartition(":")
        if not one.name.endswith(ADDRESS) or not sign or (service not in services and _is_elsewhere(service)):
            continue
        address = _address(one, service, port, services)
        earlier = first.setdefault(one.name, one)
        if earlier.default != one.default:
            raise ComposeError(
                f"{one.name} is {one.default} here and {earlier.default} in {earlier.where}; name one of them differently",
                one.where,
            )
        found[one.name] = address
    return found


def _is_elsewhere(host: str) -> bool:
    """Whether it is the name of no service by its looks."""
    return host in LOCAL or "." in host or ":" in host or not host


def _address(one: AddressDefault, service: str, port: str, services: Mapping[str, Service]) -> str:
    if service not in services:
        raise ComposeError(
            f"${{{one.name}:-{one.default}}} names {service}, and there is no such service; set {one.name} if it is none",
            one.where,
        )
    published = [_published(known) for known in services[service].ports if str(known.target) == port]
    if not any(published):
        raise ComposeError(
            f"${{{one.name}:-{one.default}}} asks for port {port} of {service}, which does not publish it; add it to its ports",
            one.where,
            f"services.{service}.ports",
        )
    return f"127.0.0.1:{next(filter(None, published))}"


def _published(port: Port) -> str | None:
    return port.published if port.protocol == "tcp" else None
