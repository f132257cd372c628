"""What a task is told to be: the spec, its validation and its hash. Format: docs/design.md, "The agent's API"."""

from __future__ import annotations

import hashlib
import re
import signal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from obsiverse.agent.errors import InvalidSpec

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0)]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PortSpec(_Model):
    """A port of the task; `host` null takes a free one, named to the task in the variable `env`."""

    container: Port
    host: Port | None = None
    env: VariableName | None = None


class HttpCheck(_Model):
    """Healthy when a GET answers 200 to 399."""

    port: Port
    path: AbsolutePath = "/"


class TcpCheck(_Model):
    """Healthy when a connection is accepted."""

    port: Port


class Health(_Model):
    """A health check, with Compose's timings in seconds."""

    http: HttpCheck | None = None
    tcp: TcpCheck | None = None
    test: tuple[str, ...] | None = None
    interval: Annotated[float, Field(gt=0)] = 30
    timeout: Annotated[float, Field(gt=0)] = 30
    retries: Annotated[int, Field(ge=1)] = 3
    start_period: Seconds = 0
    start_interval: Annotated[float, Field(gt=0)] = 5

    @model_validator(mode="after")
    def _one_kind(self) -> Health:
        if sum(kind is not None for kind in (self.http, self.tcp, self.test)) != 1:
            raise ValueError("give exactly one of http, tcp and test")
        if self.test is not None and (len(self.test) < 2 or self.test[0] not in ("CMD", "CMD-SHELL")):
            raise ValueError("test starts with CMD or CMD-SHELL, followed by the command")
        return self


class Restart(_Model):
    """When a task that ended starts again."""

    policy: Literal["no", "always", "on-failure", "unless-stopped"] = "no"
    max_retries: Annotated[int, Field(ge=0)] | None = None


class Limits(_Model):
    """What a task may use; a process runtime can't enforce them."""

    cpus: Annotated[float, Field(gt=0)] | None = None
    memory_bytes: Annotated[int, Field(gt=0)] | None = None
    gpus: Annotated[int, Field(ge=0)] = 0


class Logging(_Model):
    """When a log is rotated and how many old ones are kept."""

    max_size_bytes: Annotated[int, Field(ge=1024)] = 10_485_760
    max_files: Annotated[int, Field(ge=1)] = 3


class Spec(_Model):
    """A task, whole."""

    image: str
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    args: tuple[str, ...] = ()
    env: dict[VariableName, str] = {}
    working_dir: AbsolutePath | None = None
    ports: tuple[PortSpec, ...] = ()
    paths: dict[AbsolutePath, VariableName] = {}
    limits: Limits = Limits()
    health: Health | None = None
    restart: Restart = Restart()
    stop_signal: str = "SIGTERM"
    stop_grace: Seconds = 10
    logging: Logging = Logging()
    labels: dict[str, str] = {}

    @field_validator("stop_signal")
    @classmethod
    def _known_signal(cls, value: str) -> str:
        if value not in signal.Signals.__members__:
            raise ValueError(f"{value} is no signal; write it as SIGTERM")
        return value

    @model_validator(mode="after")
    def _distinct_ports(self) -> Spec:
        containers = [port.container for port in self.ports]
        if len(containers) != len(set(containers)):
            raise ValueError("a container port is named twice")
        return self

    @property
    def hash(self) -> str:
        """Tells specs apart."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class FromTemplate(_Model):
    """A task made from a template: these fields and no others are the caller's to choose."""

    template: str
    args: tuple[str, ...] | None = None
    env: dict[VariableName, str] = {}
    labels: dict[str, str] = {}
    health: Health | None = None
    restart: Restart | None = None
    limits: Limits | None = None

    def fill(self, template: Spec) -> Spec:
        """The whole spec: env and labels merged over the template's, what else was given replaces."""
        given = {
            name: getattr(self, name)
            for name in ("args", "health", "restart", "limits")
            if name in self.model_fields_set
        }
        if given.get("args", ()) is None:
            del given["args"]
        merged = {"env": {**template.env, **self.env}, "labels": {**template.labels, **self.labels}}
        return template.model_copy(
            update={**{k: v for k, v in given.items() if v is not None or k == "health"}, **merged}
        )


def parse(model: type[BaseModel], value: Any) -> Any:
    """A model from JSON.

    Raises:
        InvalidSpec: each wrong field, by name.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        parts = [
            f"{'.'.join(map(str, e['loc'])) or 'spec'}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise InvalidSpec("; ".join(parts)) from None


def check_name(name: str) -> str:
    """The name of a task or template, if it is one.

    Raises:
        InvalidSpec: it is not.
    """
    if not NAME.fullmatch(name):
        raise InvalidSpec(
            f"{name!r} is no name: use up to 128 letters, digits, '_', '.' and '-', beginning with a letter or digit"
        )
    return name
