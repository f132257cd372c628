"""The collector's configuration, as files for a host, a task of ECS and a pod of EKS."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from obsiverse.promote import collector
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import amp_workspace, iam_role, log_group
from obsiverse.promote.place import Place, partition
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source

LISTEN = {
    "OTLP_GRPC_LISTEN": f"0.0.0.0:{collector.GRPC}",
    "OTLP_HTTP_LISTEN": f"0.0.0.0:{collector.HTTP}",
    "OTEL_HEALTH_LISTEN": f"0.0.0.0:{collector.HEALTH}",
    "OTEL_QUEUE_DIR": collector.QUEUE,
}
TAKEN = ("AWS_REGION", "XRAY_TRACES_ENDPOINT", "LOGS_OTLP_ENDPOINT")
EXECUTION_ROLE = "ecsTaskExecutionRole"
"""As ECS's console calls it."""


class CollectorFiles(Kind):
    """A folder with host/, ecs/ and eks/. No credentials are in it: the role of where it runs signs."""

    name = "collector-files"

    def desired(self, source: Source) -> Iterable[Resource]:
        promotion, target = source.promotion, source.target
        folder = source.here / (promotion.files or f"promoted/{target.name}")
        told, roles = target.environment(), f"arn:{partition(target.region)}:iam::{target.account}:role"
        workspace = f"{amp_workspace.NAME}/{promotion.name}"
        texts = collector.Collector(
            name=promotion.name,
            region=target.region,
            configuration=(source.root / "otel-collector" / "config.yaml").read_text(),
            environment={**LISTEN, **{name: told[name] for name in TAKEN}, "AMP_REMOTE_WRITE_URL": "{}"},
            image=collector.image(source.root),
            role_arn=f"{roles}/{iam_role.collector(promotion)}",
            execution_role_arn=f"{roles}/{EXECUTION_ROLE}",
            log_group=log_group.COLLECTOR,
        ).files()
        files: dict[str, str | Ref] = {**texts}
        files |= {path: Ref(workspace, "remote_write", texts[path]) for path in collector.FILLED_IN}
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
        for name, content in resource.properties["files"].items():
            # A reader, or a crash, meets the old file or the new one.
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh = file.with_name(f".{file.name}.new")
            fresh.write_text(content)
            os.replace(fresh, file)  # noqa: PTH105 - atomic, said by its name

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.create(place, resource)
        for name in found.properties["files"].keys() - resource.properties["files"].keys():
            (Path(resource.properties["folder"]) / name).unlink(missing_ok=True)

    def delete(self, place: Place, resource: Resource) -> None:
        folder = Path(resource.properties["folder"])
        for name in resource.properties["files"]:
            (folder / name).unlink(missing_ok=True)
        below = sorted({(folder / name).parent for name in resource.properties["files"]})
        for one in [*below, folder]:
            with contextlib.suppress(OSError):
                # Only where nobody put anything beside.
                one.rmdir()
