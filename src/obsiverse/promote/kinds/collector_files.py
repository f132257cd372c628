"""The collector's configuration, as files for a host, a task of ECS or a pod: otel-collector's own bytes and the target's environment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import amp_workspace
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source

LISTEN = {
    "OTLP_GRPC_LISTEN": "0.0.0.0:4317",
    "OTLP_HTTP_LISTEN": "0.0.0.0:4318",
    "OTEL_HEALTH_LISTEN": "0.0.0.0:13133",
    "OTEL_QUEUE_DIR": "/var/lib/otelcol",
}
TAKEN = ("AWS_REGION", "XRAY_TRACES_ENDPOINT", "LOGS_OTLP_ENDPOINT")
UNIT = """\
# Copy config.yaml and collector.env to /etc/obsiverse, the collector to /usr/local/bin/otelcol, this file to /etc/systemd/system.
# It signs with the instance's role: that of promotion is called {role}.
[Unit]
Description=OpenTelemetry Collector
After=network-online.target

[Service]
EnvironmentFile=/etc/obsiverse/collector.env
ExecStart=/usr/local/bin/otelcol --config=/etc/obsiverse/config.yaml
Restart=always
DynamicUser=yes
StateDirectory=otelcol

[Install]
WantedBy=multi-user.target
"""


class CollectorFiles(Kind):
    """A folder with config.yaml, collector.env and a unit of systemd. No credentials: the host's role signs."""

    name = "collector-files"

    def desired(self, source: Source) -> Iterable[Resource]:
        promotion, target = source.promotion, source.target
        folder = source.here / (promotion.files or f"promoted/{target.name}")
        told = target.environment()
        workspace = f"{amp_workspace.NAME}/{promotion.name}"
        lines = [f"{name}={value}" for name, value in {**LISTEN, **{name: told[name] for name in TAKEN}}.items()]
        environment = Ref(workspace, "remote_write", "\n".join([*lines, "AMP_REMOTE_WRITE_URL={}"]) + "\n")
        files = {
            "config.yaml": (source.root / "otel-collector" / "config.yaml").read_text(),
            "collector.env": environment,
            "otelcol.service": UNIT.format(role=f"{promotion.name}-collector"),
        }
        yield Resource(self.name, target.name, {"folder": str(folder), "files": files}, after=frozenset({workspace}))

    def read(self, place: Place, resource: Resource) -> Found | None:
        folder = Path(resource.properties["folder"])
        if not folder.is_dir():
            return None
        files = {name: folder / name for name in resource.properties["files"]}
        there = {name: file.read_text() for name, file in files.items() if file.is_file()}
        return Found({"folder": str(folder), "files": there})

    def create(self, place: Place, resource: Resource) -> None:
        folder = Path(resource.properties["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in resource.properties["files"].items():
            # A reader, or a crash, meets the old file or the new one.
            fresh = folder / f".{name}.new"
            fresh.write_text(content)
            os.replace(fresh, folder / name)  # noqa: PTH105 - atomic, said by its name

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.create(place, resource)
        for name in found.properties["files"].keys() - resource.properties["files"].keys():
            (Path(resource.properties["folder"]) / name).unlink(missing_ok=True)

    def delete(self, place: Place, resource: Resource) -> None:
        folder = Path(resource.properties["folder"])
        for name in resource.properties["files"]:
            (folder / name).unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            shutil.rmtree(folder)
