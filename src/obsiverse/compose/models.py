"""A Compose project, typed. What is not here is not honoured, and refused."""

from __future__ import annotations

import math
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from obsiverse.compose import graph
from obsiverse.compose.durations import parse_size
from obsiverse.compose.errors import ComposeError
from obsiverse.compose.fields import Count, Duration, Mode, PortNumber, Size, Text
from obsiverse.compose.graph import Condition, Link
from obsiverse.compose.native import Native

RESTART = re.compile(r"no|always|unless-stopped|on-failure(:\d+)?")
LOG_OPTIONS = frozenset({"max-size", "max-file"})
PULL_POLICY = r"^(always|never|build|if_not_present|missing|refresh|daily|weekly|every_(\d+[wdhms])+)$"


def _restart(policy: str) -> str:
    if not RESTART.fullmatch(policy):
        raise ValueError(f"{policy!r} is no restart policy; write no, always, unless-stopped or on-failure:3")
    return policy


def _published(port: object) -> object:
    if port == "":
        return None
    if isinstance(port, str) and not (port.isdecimal() and 1 <= int(port) <= 65535):
        raise ValueError(f"takes one port from 1 to 65535, not {port}")
    return port


def _address(host: str) -> str:
    try:
        ip_address(host)
    except ValueError:
        raise ValueError(f"{host!r} is no IP address; write it as 127.0.0.1") from None
    return host


def _cpus(value: str) -> str:
    try:
        if 0 <= float(value) < math.inf:
            return value
    except ValueError:
        pass
    raise ValueError(f"{value!r} is no number of CPUs; write it as 0.5")


class Model(BaseModel):
    """A part of a Compose file; unknown keys are refused, `x-` ones kept as extensions."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    # Not a key of the file: a name that YAML would have to quote keeps a key "extensions" unknown, and so refused.
    extensions: dict[str, Any] = Field(default={}, alias="*extensions")

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
        return {**{k: v for k, v in value.items() if k not in extensions}, "*extensions": extensions}


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

    condition: Condition
    required: bool = True
    restart: bool = False


class Healthcheck(Model):
    """A health check; durations in seconds, None where the default holds."""

    test: tuple[str, ...] | None = None
    interval: Duration | None = None
    timeout: Duration | None = None
    retries: Count | None = None
    start_period: Duration | None = None
    start_interval: Duration | None = None
    disable: bool = False

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if self.test and self.test[0] not in ("CMD", "CMD-SHELL", "NONE"):
            raise ValueError("takes a test that begins with CMD, CMD-SHELL or NONE")
        return self


class Port(Model):
    """A published port; `published` None takes any."""

    target: PortNumber
    published: Annotated[str | None, BeforeValidator(_published)] = None
    host_ip: Annotated[str, AfterValidator(_address)] | None = None
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
    count: Count | Literal["all"] | None = None
    device_ids: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _counts_or_names(self) -> Self:
        if self.count is not None and self.device_ids is not None:
            raise ValueError("takes count or device_ids, not both")
        return self


class Amount(Model):
    """CPU, memory and devices."""

    cpus: Annotated[Text, AfterValidator(_cpus)] | None = None
    memory: Size | None = None
    pids: Count | None = None
    devices: tuple[Devices, ...] = ()


class Resources(Model):
    """Limits and reservations."""

    limits: Amount | None = None
    reservations: Amount | None = None


class Deploy(Model):
    """`deploy`, of which resources are honoured."""

    resources: Resources = Resources()


class Logging(Model):
    """Rotation of a service's log; options are max-size, such as 10m, and max-file, a number."""

    driver: Literal["json-file", "local"] | None = None
    options: dict[str, Text] = {}

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        for name in self.options:
            if name not in LOG_OPTIONS:
                raise ValueError(f"the option {name} is not honoured; leave it out")
        parse_size(self.options.get("max-size", "1"))
        if not self.options.get("max-file", "1").isdecimal():
            raise ValueError(f"max-file {self.options['max-file']!r} is no whole number")
        return self


class Attachment(Model):
    """Of a service to a network; none of its options is honoured."""


class Service(Model):
    """A service, its own files and defaults resolved; `environment` includes what env_file gave."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$")] = Field(alias="*name")
    image: str | None = None
    build: Build | None = None
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: dict[str, str | None] = {}
    depends_on: dict[str, Dependency] = {}
    healthcheck: Healthcheck | None = None
    restart: Annotated[str, AfterValidator(_restart)] | None = None
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
    user: str | None = None
    hostname: str | None = None
    container_name: str | None = None
    networks: dict[str, Attachment | None] = {}
    extra_hosts: tuple[str, ...] = ()
    tmpfs: tuple[str, ...] = ()
    shm_size: Size | None = None
    read_only: bool | None = None
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    pull_policy: Annotated[str, StringConstraints(pattern=PULL_POLICY)] | None = None
    scale: Annotated[int, Field(ge=0)] | None = None
    native: Native | Literal[False] | None = Field(default=None, alias="x-native")
    """False for a service that is in Docker only."""


class Secret(Model):
    """A secret: from a file or a variable of the shell."""

    name: str | None = None
    file: str | None = None
    environment: str | None = None
    value: str | None = Field(default=None, exclude=True, repr=False, alias="*value")

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        sources = [name for name in ("file", "environment", "content") if getattr(self, name, None) is not None]
        if len(sources) != 1:
            raise ValueError(f"takes one source, and has {' and '.join(sources) or 'none'}")
        return self

    def read(self) -> str:
        """What it holds.

        Raises:
            ComposeError: its file can't be read, or its variable is not set.
        """
        if self.file is not None:
            try:
                return Path(self.file).read_text(encoding="utf-8")
            except OSError as error:
                raise ComposeError(
                    f"{self.file}, which a config or secret takes, can't be read: {error.strerror}"
                ) from None
            except UnicodeDecodeError as error:
                raise ComposeError(
                    f"{self.file}, which a config or secret takes, is no UTF-8: {error.reason}"
                ) from None
        if self.value is None:
            raise ComposeError(f"the variable {self.environment}, which a config or secret takes, is not set; set it")
        return self.value


class Config(Secret):
    """A config: from a file, a text, or a variable of the shell."""

    content: str | None = None

    def read(self) -> str:
        """What it holds.

        Raises:
            ComposeError: its file can't be read, or its variable is not set.
        """
        return super().read() if self.content is None else self.content


class Resource(Model):
    """What services share by name; `name` is the one it has in Docker."""

    name: str | None = None
    external: bool = False
    labels: dict[str, Text] = {}


class NamedVolume(Resource):
    """A volume at the top of a file."""

    driver: Literal["local"] | None = None


class Network(Resource):
    """A network; natively all of them are loopback."""

    driver: Literal["bridge"] | None = None


class Project(BaseModel):
    """A whole Compose project.

    Attributes:
        services: those whose profile is active.
        disabled_services: the others.
        extensions: the `x-` keys at the top of the files.
        environment: what variables stood for: the shell over `.env`.
        warnings: for the user; nothing is wrong enough to stop.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    services: dict[str, Service]
    disabled_services: dict[str, Service] = {}
    configs: dict[str, Config] = {}
    secrets: dict[str, Secret] = {}
    volumes: dict[str, NamedVolume] = {}
    networks: dict[str, Network] = {}
    extensions: dict[str, JsonValue] = {}
    environment: dict[str, str] = Field(default={}, repr=False)
    warnings: tuple[str, ...] = ()

    def dependencies(self, service: str) -> tuple[Link, ...]:
        """What an active service waits for; one that is not required and not active is left out."""
        return graph.links(self.services[service], self.services)

    def start_order(self) -> tuple[str, ...]:
        """The active services, each after those it depends on; backwards, it is the order to stop them in."""
        return graph.order(self.services)
