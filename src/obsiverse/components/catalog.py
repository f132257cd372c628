"""The programs that obsiverse runs, their versions, and where each can be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from obsiverse.components.errors import UnknownComponent
from obsiverse.components.settings import Platform

GO_VERSION = "1.26.8"

_MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True)
class Plugin:
    """A plugin of Grafana's catalogue."""

    name: str
    version: str


@dataclass(frozen=True)
class Release:
    """A publisher's downloads. Every text may use {version}, {os}, {arch} and {machine} (x86_64, aarch64).

    Attributes:
        path: folder of one version's files, below the site.
        file: the archive, or the program itself where `members` is empty.
        checksums: the publisher's file of sha256 sums.
        members: where each program is in the archive; in its one folder, whatever that is called, where `whole`.
        whole: keep all that is in the archive, as the programs need what is beside them.
        plugins: are put into `PLUGINS` of a whole archive.
        site: which of `ComponentSettings` says where the downloads are.
    """

    path: str
    file: str
    checksums: str
    members: Mapping[str, str] = field(default_factory=dict[str, str])
    whole: bool = False
    plugins: tuple[Plugin, ...] = ()
    site: Literal["releases", "grafana_releases"] = "releases"


@dataclass(frozen=True)
class Module:
    """A Go module of ours, with its go.sum, that programs are built from.

    Attributes:
        folder: relative to the checkout.
        packages: what to compile for each program.
        tags: Go build tags.
        version_variable: the Go variable that holds what `--version` prints, if the linker must set it.
    """

    folder: str
    packages: Mapping[str, str]
    tags: str = ""
    version_variable: str = ""


@dataclass(frozen=True)
class Distribution:
    """Programs that are published, built and kept together.

    Attributes:
        version: the one obsiverse is tested with.
        programs: their names.
        on_path: by program, the executables that may stand for it; its own name where absent.
        home: what must be in the folder above the one of a program on PATH.
        release: None where nobody publishes one.
        module: None where it can't be built.
    """

    name: str
    version: str
    programs: tuple[str, ...]
    release: Release | None = None
    module: Module | None = None
    on_path: Mapping[str, str] = field(default_factory=dict[str, str])
    home: tuple[str, ...] = ()

    def fill(self, text: str, platform: Platform) -> str:
        """`text` with its {placeholders} replaced."""
        machine = _MACHINE.get(platform.arch, platform.arch)
        return text.format(version=self.version, os=platform.os, arch=platform.arch, machine=machine)


# The collector's module also builds Prometheus: the collector's receiver and exporter for it are most of it, and at the
# same versions each package is compiled once. Service discovery for clouds, which nothing here uses, is left out.
_COLLECTOR_MODULE = "otel-collector/build"
_COLLECTOR_TAGS = "remove_all_sd"
_PROMETHEUS_VERSION = "github.com/prometheus/common/version.Version"


PLUGINS = "data/plugins"
"""Where Grafana looks for plugins in its own folder, unless it is told otherwise."""

# The versions of grafana/Dockerfile.
_GRAFANA_PLUGINS = (
    Plugin("grafana-amazonprometheus-datasource", "3.3.5"),
    Plugin("grafana-x-ray-datasource", "2.17.7"),
)


def _prometheus_style(name: str, *programs: str) -> Release:
    folder = f"{name}-{{version}}.{{os}}-{{arch}}"
    return Release(
        path=f"prometheus/{name}/releases/download/v{{version}}",
        file=f"{folder}.tar.gz",
        checksums="sha256sums.txt",
        members={program: f"{folder}/{program}" for program in programs},
    )


CATALOG: tuple[Distribution, ...] = (
    Distribution(
        name="prometheus",
        version="3.12.0",
        programs=("prometheus", "promtool"),
        release=_prometheus_style("prometheus", "prometheus", "promtool"),
        module=Module(
            folder=_COLLECTOR_MODULE,
            packages={
                "prometheus": "github.com/prometheus/prometheus/cmd/prometheus",
                "promtool": "github.com/prometheus/prometheus/cmd/promtool",
            },
            tags=_COLLECTOR_TAGS,
            version_variable=_PROMETHEUS_VERSION,
        ),
    ),
    Distribution(
        name="alertmanager",
        version="0.31.1",
        programs=("alertmanager", "amtool"),
        release=_prometheus_style("alertmanager", "alertmanager", "amtool"),
        module=Module(
            folder="src/obsiverse/components/go/alertmanager",
            packages={
                "alertmanager": "github.com/prometheus/alertmanager/cmd/alertmanager",
                "amtool": "github.com/prometheus/alertmanager/cmd/amtool",
            },
            version_variable=_PROMETHEUS_VERSION,
        ),
    ),
    Distribution(
        name="otelcol",
        version="0.155.0",
        programs=("otelcol",),
        # The contrib distribution has every part that ours is built from; the core one, called otelcol, does not.
        on_path={"otelcol": "otelcol-contrib"},
        release=Release(
            path="open-telemetry/opentelemetry-collector-releases/releases/download/v{version}",
            file="otelcol-contrib_{version}_{os}_{arch}.tar.gz",
            checksums="opentelemetry-collector-releases_otelcol-contrib_checksums.txt",
            members={"otelcol": "otelcol-contrib"},
        ),
        module=Module(folder=_COLLECTOR_MODULE, packages={"otelcol": "."}, tags=_COLLECTOR_TAGS),
    ),
    Distribution(
        name="docker-compose",
        version="2.40.3",
        programs=("docker-compose",),
        release=Release(
            path="docker/compose/releases/download/v{version}",
            file="docker-compose-{os}-{machine}",
            checksums="docker-compose-{os}-{machine}.sha256",
        ),
        module=Module(
            folder="src/obsiverse/components/go/docker-compose",
            packages={"docker-compose": "github.com/docker/compose/v2/cmd"},
            version_variable="github.com/docker/compose/v2/internal.Version",
        ),
    ),
    Distribution(
        name="grafana",
        version="12.4.12",
        programs=("grafana",),
        home=("conf/defaults.ini", "public", *(f"{PLUGINS}/{plugin.name}" for plugin in _GRAFANA_PLUGINS)),
        release=Release(
            path="oss/release",
            file="grafana-{version}.{os}-{arch}.tar.gz",
            checksums="grafana-{version}.{os}-{arch}.tar.gz.sha256",
            members={"grafana": "bin/grafana"},
            whole=True,
            plugins=_GRAFANA_PLUGINS,
            site="grafana_releases",
        ),
    ),
)

PROGRAMS: Mapping[str, Distribution] = {program: each for each in CATALOG for program in each.programs}


def find(program: str) -> Distribution:
    """The distribution that has a program.

    Raises:
        UnknownComponent: none has.
    """
    try:
        return PROGRAMS[program]
    except KeyError:
        raise UnknownComponent(
            f"there is no component {program!r}", f"Known are {', '.join(sorted(PROGRAMS))}."
        ) from None
