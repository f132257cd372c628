"""A task's spec, as docs/design.md describes it: typed, checked and hashed."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from obsiverse.agent.errors import InvalidSpec

# The wrapper's shell lives through these, and so sees the program's end; a stop signal outside of them would kill it.
STOP_SIGNALS = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL")
OWN_VARIABLES = ("OBSIVERSE_TASK", "OBSIVERSE_STATE_MARK")
TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}\Z")


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL byte can't be passed to a program")
    text.encode()
    return text


def _variable(name: str) -> str:
    # POSIX shells drop variables with other names, and a shell stands between the agent and the program.
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("the name of an environment variable is letters, digits and _, not beginning with a digit")
    if name in OWN_VARIABLES:
        raise ValueError("the agent sets this variable itself")
    return name


def _folder(path: str) -> str:
    pure = PurePosixPath(path)
    if not pure.is_absolute() or ".." in pure.parts:
        raise ValueError("must be an absolute path without ..")
    return str(pure)


Text = Annotated[str, AfterValidator(_storable)]
Variable = Annotated[str, AfterValidator(_variable)]
Folder = Annotated[Text, AfterValidator(_folder)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Interval = Annotated[float, Field(ge=0.05, allow_inf_nan=False)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Port(_Model):
    """A port the task listens on.

    Attributes:
        container: the one it has in its image.
        host: the one on this machine; None lets the agent choose.
        env: the variable that tells the task the host's port.
    """

    container: PortNumber
    host: PortNumber | None = None
    env: Variable | None = None


class Limits(_Model):
    """Resources; a process can't be held to them, a container can."""

    cpus: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    memory_bytes: Annotated[int, Field(gt=0)] | None = None
    gpus: Annotated[int, Field(ge=0)] | None = None

    def named(self) -> list[str]:
        """The limits that ask for something."""
        return [name for name, value in self.model_dump().items() if value]


class HttpCheck(_Model):
    """GET, healthy below 400. The port is the container's."""

    port: PortNumber
    path: Annotated[Text, Field(pattern=r"^/[!-~]*$")] = "/"


class TcpCheck(_Model):
    """A connection is accepted. The port is the container's."""

    port: PortNumber


class Health(_Model):
    """A health check with Compose's timings, all in seconds."""

    http: HttpCheck | None = None
    tcp: TcpCheck | None = None
    test: list[Text] | None = None
    interval: Interval = 30
    timeout: Interval = 30
    retries: Annotated[int, Field(ge=1)] = 3
    start_period: Seconds = 0
    start_interval: Interval = 5

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.http, self.tcp, self.test)) != 1:
            raise ValueError("a health check has exactly one of http, tcp and test")
        if self.test is not None:
            kind, *rest = self.test or [""]
            known = {"CMD": len(rest) > 0, "CMD-SHELL": len(rest) == 1, "NONE": not rest}
            if not known.get(kind):
                raise ValueError('test is ["CMD", program, argument...], ["CMD-SHELL", line] or ["NONE"]')
        return self

    @property
    def off(self) -> bool:
        """Whether it only says that there is no check."""
        return self.test == ["NONE"]

    def command(self) -> list[str]:
        """The program of `test` and its arguments."""
        kind, *rest = self.test or []
        return ["/bin/sh", "-c", *rest] if kind == "CMD-SHELL" else rest


class Restart(_Model):
    """What happens after the task ended by itself."""

    policy: Literal["no", "always", "on-failure", "unless-stopped"] = "no"
    max_retries: Annotated[int, Field(ge=0)] | None = None


class Logging(_Model):
    """How much output is kept: `max_files` counts the one being written."""

    max_size_bytes: Annotated[int, Field(ge=4096)] = 10 * 1024 * 1024
    max_files: Annotated[int, Field(ge=1, le=100)] = 3


class Container(_Model):
    """What only a container has of a spec; templates of the container runtime bring it, and nobody else can.

    Attributes:
        image_id: the very image of the template.
        host_config: as Docker's API has it.
        networks: names; the first is the one it starts on.
        user: uid:gid, as the image names it.
    """

    image_id: Text
    host_config: dict[str, Any] = {}
    networks: Annotated[list[Text], Field(min_length=1)]
    user: Text = ""


class Spec(_Model):
    """What to run and how to keep it running."""

    image: Text = ""
    command: Annotated[list[Text], Field(min_length=1)]
    args: list[Text] = []
    env: dict[Variable, Text] = {}
    working_dir: Folder | None = None
    ports: list[Port] = []
    paths: dict[Folder, Variable] = {}
    limits: Limits = Limits()
    health: Health | None = None
    restart: Restart = Restart()
    stop_signal: Literal["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"] = "SIGTERM"
    stop_grace: Seconds = 10
    logging: Logging = Logging()
    labels: dict[str, Text] = {}
    container: Container | None = None

    @model_validator(mode="after")
    def _runnable(self) -> Self:
        if not self.command[0]:
            raise ValueError("the program's name is empty")
        numbers = [port.container for port in self.ports]
        if len(set(numbers)) != len(numbers):
            raise ValueError("a container port is named twice")
        return self

    def hash(self) -> str:
        """The same for specs that mean the same, whatever the order of their keys."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


class Request(_Model):
    """A task asked for by template: its own fields, laid over the template's."""

    template: str
    args: list[Text] | None = None
    env: dict[Variable, Text] = {}
    labels: dict[str, Text] = {}
    health: Health | None = None
    restart: Restart | None = None
    limits: Limits | None = None

    def over(self, template: Spec) -> Spec:
        """The template's spec with this request's fields: `env` and `labels` merged, the others replaced."""
        given: dict[str, Any] = {
            name: value
            for name in ("args", "health", "restart", "limits")
            if (value := getattr(self, name)) is not None
        }
        given["env"] = {**template.env, **self.env}
        given["labels"] = {**template.labels, **self.labels}
        return template.model_copy(update=given)


def parse_spec(value: object) -> Spec:
    """A spec out of decoded JSON.

    Raises:
        InvalidSpec: naming each key that is wrong and why.
    """
    try:
        return Spec.model_validate(value, strict=False)
    except ValidationError as error:
        raise InvalidSpec(_explain(error)) from error


def parse_request(value: object) -> Request:
    """A request by template out of decoded JSON.

    Raises:
        InvalidSpec: naming each key that is wrong and why.
    """
    try:
        return Request.model_validate(value)
    except ValidationError as error:
        raise InvalidSpec(_explain(error)) from error


def check_name(name: str, kind: str) -> str:
    """A task's or template's name, fit for a folder's.

    Raises:
        InvalidSpec: it is not.
    """
    if not TASK_ID.match(name):
        rule = "letters, digits, '.', '_' and '-', the first a letter or digit, at most 200"
        raise InvalidSpec(f"{name!r} can't name a {kind}: {rule}")
    return name


def _explain(error: ValidationError) -> str:
    def one(problem: Any) -> str:
        where = ".".join(str(part) for part in problem["loc"]) or "spec"
        return f"{where}: {problem['msg'].removeprefix('Value error, ')}"

    return "; ".join(
        one(problem) for problem in error.errors(include_url=False, include_context=False, include_input=False)
    )
