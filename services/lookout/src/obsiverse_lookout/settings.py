"""What the environment says: addresses, folders, the password's file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PAGE = Path(__file__).resolve().parents[2] / "page" / "dist"


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
        raise ValueError(f"{value!r} is not host:port, such as 127.0.0.1:3000")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


class Settings(BaseSettings):
    """Settings from LOOKOUT_* variables.

    Attributes:
        listen: where HTTP answers.
        data: folder of the database.
        provisioning: folder laid out as Grafana's: datasources/, dashboards/, alerting/; None provisions nothing.
        page: folder of the built page.
        admin_password_file: file with admin's password; made with a random one where it is missing.
        chromium: program that draws PNGs; None looks for one on PATH.
        query_timeout: seconds that one query of a data source may take.
        series_limit: how many series one query may bring; the rest is cut, and said.
    """

    model_config = SettingsConfigDict(env_prefix="LOOKOUT_")

    listen: Annotated[Address, NoDecode, BeforeValidator(parse_address)] = Address("0.0.0.0", 3000)  # noqa: S104
    data: Path = Path("/var/lib/lookout")
    provisioning: Path | None = None
    page: Path = PAGE
    admin_password_file: Path | None = None
    chromium: Path | None = None
    query_timeout: Annotated[float, Field(gt=0)] = 30.0
    series_limit: Annotated[int, Field(ge=1)] = 1000

    @property
    def password_file(self) -> Path:
        """Where admin's password is."""
        return self.admin_password_file or self.data / "admin-password"
