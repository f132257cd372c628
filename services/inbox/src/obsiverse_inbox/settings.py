"""What the environment says: addresses, folder, retention."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Address(NamedTuple):
    """A TCP address to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(value: object) -> object:
    """`host:port` or `[IPv6]:port` to an Address.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(value, str):
        return value
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{value!r} is not host:port, such as 127.0.0.1:8025")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


ListenAddress = Annotated[Address, NoDecode, BeforeValidator(parse_address)]


class Settings(BaseSettings):
    """Settings from INBOX_* variables.

    Attributes:
        listen: where HTTP answers.
        smtp_listen: where SMTP answers.
        data: folder of the database.
        keep: how many messages are kept; older ones are deleted.
        aws_endpoint_url: AWS_ENDPOINT_URL, where SNS subscriptions are confirmed; None refuses them.
    """

    model_config = SettingsConfigDict(env_prefix="INBOX_")

    listen: ListenAddress = Address("0.0.0.0", 8025)  # noqa: S104 - in a container; natively the engine sets loopback
    smtp_listen: ListenAddress = Address("0.0.0.0", 1025)  # noqa: S104
    data: Path = Path("/var/lib/inbox")
    keep: Annotated[int, Field(ge=1)] = 10_000
    aws_endpoint_url: str | None = Field(default=None, validation_alias="AWS_ENDPOINT_URL")
