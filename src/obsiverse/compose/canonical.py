"""A project in the form that `docker compose config --format json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from obsiverse.compose.durations import format_duration
from obsiverse.compose.models import Amount, Content, Project, Resource, Service


def to_config(project: Project) -> dict[str, Any]:
    """The canonical form; services whose profile is not active are left out, as Compose does."""
    networks = dict.fromkeys(
        name for service in project.services.values() for name in (service.networks or {"default": None})
    )
    used_volumes = {v.source for s in project.services.values() for v in s.volumes if v.type == "volume"}
    value: dict[str, Any] = {
        "name": project.name,
        "services": {name: _service(service) for name, service in project.services.items()},
        "networks": {
            name: _resource(project, name, project.networks.get(name, Resource()), "ipam") for name in networks
        },
    }
    volumes = {
        name: _resource(project, name, volume) for name, volume in project.volumes.items() if name in used_volumes
    }
    if volumes:
        value["volumes"] = volumes
    for kind, contents in (("configs", project.configs), ("secrets", project.secrets)):
        used = {mount.source for service in project.services.values() for mount in getattr(service, kind)}
        shown = {name: _content(project, name, content) for name, content in contents.items() if name in used}
        if shown:
            value[kind] = shown
    return _escaped({**value, **project.extensions})


def _escaped(value: Any) -> Any:
    """With `$$` for a dollar, so that the output can be read again."""
    if isinstance(value, dict):
        return {key: _escaped(inner) for key, inner in cast(dict[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_escaped(inner) for inner in cast(Sequence[Any], value)]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _service(service: Service) -> dict[str, Any]:
    value: dict[str, Any] = {
        "command": list(service.command) if service.command is not None else None,
        "entrypoint": list(service.entrypoint) if service.entrypoint is not None else None,
    }
    for name in (
        "image",
        "restart",
        "stop_signal",
        "init",
        "working_dir",
        "user",
        "hostname",
        "container_name",
        "read_only",
        "pull_policy",
    ):
        if getattr(service, name) is not None:
            value[name] = getattr(service, name)
    for name in ("profiles", "tmpfs", "cap_drop", "security_opt"):
        if getattr(service, name):
            value[name] = list(getattr(service, name))
    for name in ("environment", "labels"):
        if getattr(service, name):
            value[name] = getattr(service, name)
    if service.build:
        value["build"] = {
            "dockerfile": "Dockerfile",
            **service.build.model_dump(exclude_none=True, exclude_defaults=True),
        }
    if service.depends_on:
        value["depends_on"] = {
            name: {"condition": d.condition, "required": d.required, **({"restart": True} if d.restart else {})}
            for name, d in service.depends_on.items()
        }
    if service.healthcheck:
        value["healthcheck"] = _healthcheck(service)
    if service.ports:
        value["ports"] = [port.model_dump(exclude_none=True, exclude={"extensions"}) for port in service.ports]
    if service.volumes:
        value["volumes"] = [
            _volume(volume.model_dump(exclude_none=True, exclude={"extensions"})) for volume in service.volumes
        ]
    if service.configs:
        value["configs"] = [_mount(mount.model_dump(exclude_none=True)) for mount in service.configs]
    if service.secrets:
        value["secrets"] = [_mount(mount.model_dump(exclude_none=True), "/run/secrets/") for mount in service.secrets]
    if service.stop_grace_period is not None:
        value["stop_grace_period"] = format_duration(service.stop_grace_period)
    if service.logging:
        value["logging"] = service.logging.model_dump(exclude_none=True, exclude={"extensions"})
    if service.deploy:
        value["deploy"] = _deploy(service)
    if service.extra_hosts:
        value["extra_hosts"] = [f"{name}={address}" for name, address in service.extra_hosts.items()]
    if service.shm_size is not None:
        value["shm_size"] = str(service.shm_size)
    value["networks"] = service.networks or {"default": None}
    return value


def _healthcheck(service: Service) -> dict[str, Any]:
    check = service.healthcheck
    assert check is not None
    if check.disable:
        return {"disable": True}
    value: dict[str, Any] = {"test": list(check.test)} if check.test else {}
    for name in ("interval", "timeout", "start_period", "start_interval"):
        if getattr(check, name) is not None:
            value[name] = format_duration(getattr(check, name))
    if check.retries is not None:
        value["retries"] = check.retries
    return value


def _volume(value: dict[str, Any]) -> dict[str, Any]:
    if not value["read_only"]:
        del value["read_only"]
    for options in ("bind", "volume"):
        if options in value:
            value[options] = {name: one for name, one in value[options].items() if one and name != "extensions"}
    return value


def _mount(value: dict[str, Any], folder: str = "") -> dict[str, Any]:
    del value["extensions"]
    if not value["target"]:
        del value["target"]
        if folder:
            value["target"] = folder + value["source"]
    if "mode" in value:
        value["mode"] = f"{value['mode']:#o}".replace("0o", "0")
    return value


def _deploy(service: Service) -> dict[str, Any]:
    assert service.deploy is not None
    resources = service.deploy.resources
    value = {
        name: _amount(amount)
        for name, amount in (("limits", resources.limits), ("reservations", resources.reservations))
        if amount is not None
    }
    return {"resources": value, "placement": {}}


def _amount(amount: Amount) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if amount.cpus is not None:
        value["cpus"] = float(amount.cpus)
    if amount.memory is not None:
        value["memory"] = str(amount.memory)
    if amount.pids is not None:
        value["pids"] = amount.pids
    if amount.devices:
        value["devices"] = [
            {**d.model_dump(exclude_none=True, exclude={"extensions"}), "count": -1 if d.count == "all" else d.count}
            for d in amount.devices
        ]
    return value


def _resource(project: Project, name: str, resource: Resource, *empty: str) -> dict[str, Any]:
    value: dict[str, Any] = {"name": resource.name or (name if resource.external else f"{project.name}_{name}")}
    if resource.external:
        value["external"] = True
    if resource.driver:
        value["driver"] = resource.driver
    if resource.labels:
        value["labels"] = resource.labels
    return {**value, **{one: {} for one in empty}}


def _content(project: Project, name: str, content: Content) -> dict[str, Any]:
    return {
        "name": content.name or f"{project.name}_{name}",
        **content.model_dump(exclude_none=True, exclude={"name", "extensions", "value"}),
    }
