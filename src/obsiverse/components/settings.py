"""Where components come from and where they are kept."""

from __future__ import annotations

import os
import platform
import pwd
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parents[3]


class ComponentSettings(BaseSettings):
    """Read from the environment, each field as `OBSIVERSE_<FIELD>`.

    Attributes:
        releases: where GitHub's release downloads are found, or a mirror of them with the same paths; empty: none.
        go_releases: where the Go toolchain's releases are found, or a mirror; empty: none.
        grafana_releases: where Grafana's downloads are found, or a mirror; empty: none.
        grafana_plugins: Grafana's catalogue of plugins, or a mirror.
        without: names of programs, with commas between, that count as not to be had.
        torch_cpu_index: the package index of PyTorch's CPU builds; empty: never asked.
        uv: the uv to use, whatever is on PATH.
        connect_timeout: seconds until a server that does not answer counts as unreachable.
        read_timeout: seconds without a byte until a transfer counts as broken.
        checkout: the folder that holds the Go modules, `client/` and `components.lock`.
        cache: downloads and built programs, shared by all checkouts.
    """

    model_config = SettingsConfigDict(env_prefix="OBSIVERSE_", extra="ignore")

    releases: str = "https://github.com"
    go_releases: str = "https://go.dev/dl"
    grafana_releases: str = "https://dl.grafana.com"
    grafana_plugins: str = "https://grafana.com/api/plugins"
    without: str = ""
    torch_cpu_index: str = "https://download.pytorch.org/whl/cpu"
    uv: Path | None = None
    connect_timeout: float = 3.0
    read_timeout: float = 30.0
    checkout: Path = CHECKOUT
    cache: Path = Field(default_factory=lambda: user_cache())

    @property
    def lock(self) -> Path:
        """The sums that downloads must match."""
        return self.checkout / "components.lock"

    def leaves_out(self, program: str) -> bool:
        """Whether the user wants to do without a program."""
        return program in (name.strip() for name in self.without.split(","))

    @property
    def components(self) -> Path:
        """The cache's folder of programs."""
        return self.cache / "components"


@dataclass(frozen=True)
class Platform:
    """An operating system and a processor, in Go's words."""

    os: str
    arch: str

    @classmethod
    def here(cls) -> Platform:
        """The machine that this runs on."""
        machine = platform.machine().lower()
        return cls(platform.system().lower(), {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine))

    def __str__(self) -> str:
        return f"{self.os}-{self.arch}"


def user_home() -> Path:
    """The user's home folder, also where HOME is unset or empty."""
    return Path(os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir)


def user_cache() -> Path:
    """The user's cache folder for obsiverse."""
    base = os.environ.get("XDG_CACHE_HOME")
    if base and Path(base).is_absolute():
        return Path(base) / "obsiverse"
    if platform.system() == "Darwin":
        return user_home() / "Library" / "Caches" / "obsiverse"
    return user_home() / ".cache" / "obsiverse"
