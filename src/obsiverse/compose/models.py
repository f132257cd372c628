"""A Compose project, typed. What is not here is not honoured, and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from obsiverse.compose.durations import parse_duration, parse_size
from obsiverse.compose.normalize import text


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


def _mode(value: object) -> object:
    return int(value, 8) if isinstance(value, str) else value


def _text(value: object) -> object:
    return text(value) if isinstance(value, bool | int | float) else value


Duration = Annotated[float, BeforeValidator(_duration)]
Size = Annotated[int, BeforeValidator(_size)]
Mode = Annotated[int, BeforeValidator(_mode)]
Text = Annotated[str, BeforeValidator(_text)]
Condition = Literal["service_started", "service_healthy", "service_completed_successfully"]


class Model(BaseModel):
    """A part of a Compose file; unknown keys are refused, `x-` ones kept as extensions."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    extensions: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _keep_extensions(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        value = cast(dict[str, Any], value)
        if not any(key.startswith("x-") for key in value):
            return value
        aliases = {field.alias for field in cls.model_fields.values()}
        extensions = {k: v for k, v in value.items() if k.startswith("x-") and k not in aliases}
        return {**{k: v for k, v in value.items() if k not in extensions}, "extensions": extensions}


class Build(Model):
    """How an image is built."""

    context: str
    dockerfile: str | None = None
    args: dict[str, str | None] = {}
    target: str | None = None
    labels: dict[str, str] = {}
    additional_contexts: dict[str, str] = {}


class Dependency(Model):
    """What is waited for in a service that another depends on."""

    condition: Condition = "service_started"
    required: bool = True
    restart: bool = False


class Healthcheck(Model):
    """A health check; durations in seconds, None where the default holds."""

    test: tuple[Text, ...] | None = None
    interval: Duration | None = None
    timeout: Duration | None = None
    retries: int | None = None
    start_period: Duration | None = None
    start_interval: Duration | None = None
    disable: bool = False


class Port(Model):
    """A published port; `published` None takes any."""

    target: int
    published: Text | None = None
    host_ip: str | None = None
    protocol: Literal["tcp", "udp"] = "tcp"
    mode: Literal["ingress", "host"] = "ingress"
    name: str | None = None


class BindOptions(Model):
    """Of a bind; natively its source must be there."""

    create_host_path: bool = False


class VolumeOptions(Model):
    """Of a named volume; none is honoured."""


class Volume(Model):
    """A mount; `source` is a real path for a bind, a name for a volume."""

    type: Literal["bind", "volume", "tmpfs"]
    target: str
    source: str | None = None
    read_only: bool = False
    bind: BindOptions | None = None
    volume: VolumeOptions | None = None


class Mount(Model):
    """A config or secret in a service."""

    source: str
    target: str = ""
    mode: Mode | None = None
    uid: Text | None = None
    gid: Text | None = None


class Devices(Model):
    """A reservation of devices, such as GPUs."""

    capabilities: tuple[str, ...]
    driver: str | None = None
    count: int | Literal["all"] | None = None
    device_ids: tuple[str, ...] | None = None


class Amount(Model):
    """CPU, memory and devices."""

    cpus: Text | None = None
    memory: Size | None = None
    pids: int | None = None
    devices: tuple[Devices, ...] = ()


class Resources(Model):
    """Limits and reservations."""

    limits: Amount | None = None
    reservations: Amount | None = None


class Deploy(Model):
    """`deploy`, of which resources are honoured."""

    resources: Resources = Resources()


class Logging(Model):
    """Rotation of a service's log."""

    driver: Literal["json-file", "local"] | None = None
    options: dict[str, Text] = {}


class NativeCheck(BaseModel):
    """A health check that the agent makes itself: an HTTP GET or a TCP connection to a container port, or a command."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    http: dict[str, Any] | None = None
    tcp: dict[str, Any] | None = None
    test: tuple[str, ...] | None = None
    interval: Duration = 30.0
    timeout: Duration = 30.0
    retries: int = 3
    start_period: Duration = 0.0
    start_interval: Duration = 5.0

    def as_spec(self) -> dict[str, Any]:
        """The agent's form of it."""
        return self.model_dump(exclude_none=True)


class Native(BaseModel):
    """`x-native`: what only the native engine needs (docs/design.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    command: Annotated[tuple[Text, ...], Field(min_length=1)]
    project: Path | None = None
    component: str | None = None
    environment: dict[str, str] = {}
    working_dir: Path | None = None
    healthcheck: NativeCheck | None = None
    ports: dict[str, str] = {}
    paths: dict[str, str] = {}
    volumes: dict[str, str] = {}


class Service(Model):
    """A service, its own files and defaults resolved; `environment` includes what env_file gave."""

    name: str
    image: str | None = None
    build: Build | None = None
    command: tuple[Text, ...] | None = None
    entrypoint: tuple[Text, ...] | None = None
    environment: dict[str, str | None] = {}
    depends_on: dict[str, Dependency] = {}
    healthcheck: Healthcheck | None = None
    restart: Annotated[str, Field(pattern=r"^(no|always|unless-stopped|on-failure(:\d+)?)$")] | None = None
    ports: tuple[Port, ...] = ()
    volumes: tuple[Volume, ...] = ()
    configs: tuple[Mount, ...] = ()
    secrets: tuple[Mount, ...] = ()
    profiles: tuple[str, ...] = ()
    deploy: Deploy | None = None
    stop_signal: str | None = None
    stop_grace_period: Duration | None = None
    init: bool | None = None
    logging: Logging | None = None
    labels: dict[str, str] = {}
    working_dir: str | None = None
    user: Text | None = None
    hostname: str | None = None
    container_name: str | None = None
    networks: dict[str, dict[str, Any] | None] = {}
    extra_hosts: dict[str, Any] = {}
    tmpfs: tuple[str, ...] = ()
    shm_size: Size | None = None
    read_only: bool | None = None
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    pull_policy: str | None = None
    native: Native | None = Field(default=None, alias="x-native")


class Content(Model):
    """A config or secret: from a file, a text, or a variable of the shell."""

    name: str | None = None
    file: str | None = None
    content: str | None = None
    environment: str | None = None
    value: str | None = Field(default=None, exclude=True)

    def read(self) -> str:
        """What it holds.

        Raises:
            OSError: its file can't be read, or its variable is not set.
        """
        if self.file is not None:
            return Path(self.file).read_text()
        if self.content is not None:
            return self.content
        if self.value is None:
            raise FileNotFoundError(2, f"the variable {self.environment} is not set", self.environment)
        return self.value


class Resource(Model):
    """A volume or a network."""

    name: str | None = None
    driver: str | None = None
    external: bool = False
    labels: dict[str, str] = {}


class Project(BaseModel):
    """A whole Compose project.

    Attributes:
        services: those whose profile is active.
        disabled_services: the others.
        environment: what variables stood for: the shell over `.env`.
        warnings: for the user; nothing is wrong enough to stop.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    services: dict[str, Service]
    disabled_services: dict[str, Service] = {}
    configs: dict[str, Content] = {}
    secrets: dict[str, Content] = {}
    volumes: dict[str, Resource] = {}
    networks: dict[str, Resource] = {}
    extensions: dict[str, Any] = {}
    environment: dict[str, str] = {}
    warnings: tuple[str, ...] = ()
