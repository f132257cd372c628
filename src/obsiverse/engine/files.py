"""The real places of a service's volumes, configs and secrets on this machine."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from obsiverse.compose import Project, Service
from obsiverse.engine.errors import EngineError
from obsiverse.engine.workspace import Workspace


class Files:
    """Makes the folders and files that a service's mounts stand for."""

    def __init__(self, project: Project, workspace: Workspace) -> None:
        self._project = project
        self._workspace = workspace

    def places(self, service: Service) -> dict[str, str]:
        """The variables that `x-native.volumes` names, each with the real place of its target.

        Raises:
            EngineError: a target is no mount of the service, or a place can't be made.
        """
        names = service.native.volumes if service.native else {}
        targets = self._targets(service)
        unknown = [target for target in names if target not in targets]
        if unknown:
            raise EngineError(
                f"x-native.volumes of {service.name} names {unknown[0]}, which none of its volumes, configs or secrets has as target",
                f"Its targets are: {', '.join(targets) or 'none'}.",
            )
        return {name: str(targets[target]) for target, name in names.items()}

    def _targets(self, service: Service) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for volume in service.volumes:
            if volume.type == "bind":
                found[volume.target] = Path(volume.source or "")
            elif volume.type == "volume":
                found[volume.target] = self._workspace.data / (
                    volume.source or volume.target.strip("/").replace("/", "-")
                )
        for target in (*_config_targets(service), *_secret_targets(service)):
            found[target] = self._file(service, target)
        return found

    def _file(self, service: Service, target: str) -> Path:
        # Under its target's own path, so that files which name each other by relative paths find each other as in a container.
        return self._workspace.generated / service.name / target.lstrip("/")

    def digest(self, service: Service) -> str | None:
        """A hash of the configs and secrets that a service mounts; None where it mounts none."""
        contents = [self._project.configs[c.source].read() for c in service.configs]
        contents += [self._project.secrets[s.source].read() for s in service.secrets]
        return hashlib.sha256("\0".join(contents).encode()).hexdigest()[:16] if contents else None

    def make(self, service: Service) -> None:
        """Make the folders of named volumes and write the configs and secrets that a service mounts.

        Raises:
            EngineError: the disk is full, or a folder can't be written.
            ComposeError: a file can't be read, or a secret's variable is not set.
        """
        try:
            places = self._targets(service)
            for volume in service.volumes:
                if volume.type == "volume":
                    places[volume.target].mkdir(parents=True, exist_ok=True)
            for target, source in _config_targets(service).items():
                _write(places[target], self._project.configs[source].read(), 0o644)
            for target, source in _secret_targets(service).items():
                _write(places[target], self._project.secrets[source].read(), 0o400)
        except OSError as error:
            raise EngineError(
                f"the files of {service.name} can't be written to {self._workspace.state}: {error.strerror}",
                "Free some space or rights there, or move it with OBSIVERSE_STATE.",
            ) from error


def _config_targets(service: Service) -> dict[str, str]:
    return {config.target or f"/{config.source}": config.source for config in service.configs}


def _secret_targets(service: Service) -> dict[str, str]:
    return {secret.target or f"/run/secrets/{secret.source}": secret.source for secret in service.secrets}


def _write(file: Path, content: str, mode: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.is_file() and file.read_text() == content:
        return
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(content)
    fresh.replace(file)
