"""A project in the form that `docker compose config --format json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from pydantic import BaseModel

from obsiverse.compose.durations import format_duration
from obsiverse.compose.models import Amount, Build, Healthcheck, NamedVolume, Network, Project, Secret, Service, Volume

NETWORK = "default"
AS_THEY_ARE = (
    "image",
    "restart",
    "stop_signal",
    "init",
    "working_dir",
    "user",
    "hostname",
    "container_name",
    "pull_policy",
    "scale",
)
LISTS = ("profiles", "tmpfs", "cap_drop", "security_opt")
MAPS = ("environment", "labels")
DURATIONS = ("interval", "timeout", "start_period", "start_interval")
SECRETS = "/run/secrets/"


def to_config(project: Project) -> dict[str, Any]:
    """The canonical form; services whose profile is not active are left out, as Compose does."""
    services = project.services.values()
    networks = dict.fromkeys(name for service in services for name in service.networks or [NETWORK])
    volumes = {volume.source for service in services for volume in service.volumes if volume.type == "volume"}
    configs = {mount.source for service in services for mount in service.configs}
    secrets = {mount.source for service in services for mount in service.secrets}
    value: dict[str, Any] = {
        "name": project.name,
        "services": {name: _service(service) for name, service in project.services.items()},
        "networks": {
            name: {**_resource(project, name, project.networks.get(name, Network())), "ipam": {}} for name in networks
        },
        "volumes": {name: _resource(project, name, one) for name, one in project.volumes.items() if name in volumes},
        "configs": {name: _config(project, name, one) for name, one in project.configs.items() if name in configs},
        "secrets": {name: _config(project, name, one) for name, one in project.secrets.items() if name in secrets},
    }
    shown = {key: one for key, one in value.items() if one or key in ("name", "services")}
    return _escaped({**shown, **project.extensions})


def _escaped(value: Any) -> Any:
    """With `$$` for a dollar, so that the output can be read again."""
    if isinstance(value, dict):
        return {_escaped(key): _escaped(inner) for key, inner in cast(dict[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_escaped(inner) for inner in cast(Sequence[Any], value)]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _dumped(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(exclude_none=True, exclude={"extensions"})


def _service(service: Service) -> dict[str, Any]:
    value: dict[str, Any] = {
        "command": service.command,
        "entrypoint": service.entrypoint,
        "networks": dict.fromkeys(service.networks or [NETWORK]),
        **{name: getattr(service, name) for name in AS_THEY_ARE if getattr(service, name) is not None},
        **{name: getattr(service, name) for name in (*LISTS, *MAPS) if getattr(service, name)},
    }
    parts: dict[str, Any] = {
        "read_only": service.read_only,
        "build": service.build and _build(service.build),
        "depends_on": {
            name: {"condition": one.condition, "required": one.required, **({"restart": True} if one.restart else {})}
            for name, one in service.depends_on.items()
        },
        "ports": [_dumped(port) for port in service.ports],
        "volumes": [_volume(volume) for volume in service.volumes],
        "configs": [_mount(_dumped(mount)) for mount in service.configs],
        "secrets": [
            _mount({**_dumped(mount), "target": mount.target or SECRETS + mount.source}) for mount in service.secrets
        ],
        "extra_hosts": sorted(service.extra_hosts),
    }
    value |= {name: part for name, part in parts.items() if part}
    if service.healthcheck:
        value["healthcheck"] = _healthcheck(service.healthcheck)
    if service.stop_grace_period is not None:
        value["stop_grace_period"] = format_duration(service.stop_grace_period)
    if service.logging:
        value["logging"] = {name: one for name, one in _dumped(service.logging).items() if one}
    if service.deploy:
        amounts = {"limits": service.deploy.resources.limits, "reservations": service.deploy.resources.reservations}
        resources = {name: _amount(one) for name, one in amounts.items() if one is not None}
        value["deploy"] = {"resources": resources, "placement": {}}
    if service.shm_size is not None:
        value["shm_size"] = str(service.shm_size)
    return value


def _build(build: Build) -> dict[str, Any]:
    args = {name: value for name, value in build.args.items() if value is not None}
    value = {"dockerfile": "Dockerfile", **_dumped(build), "args": args}
    return {name: one for name, one in value.items() if one}


def _healthcheck(check: Healthcheck) -> dict[str, Any]:
    value: dict[str, Any] = {"test": check.test} if check.test else {}
    for name in DURATIONS:
        if getattr(check, name) is not None:
            value[name] = format_duration(getattr(check, name))
    if check.retries is not None:
        value["retries"] = check.retries
    if check.disable:
        value["disable"] = True
    return value


def _volume(volume: Volume) -> dict[str, Any]:
    value = _dumped(volume)
    if not volume.read_only:
        del value["read_only"]
    for options in ("bind", "volume"):
        if options in value:
            value[options] = {name: one for name, one in value[options].items() if one and name != "extensions"}
    return value


def _mount(value: dict[str, Any]) -> dict[str, Any]:
    if not value["target"]:
        del value["target"]
    if "mode" in value:
        value["mode"] = f"0{value['mode']:o}"
    return value


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
            _dumped(one)
            if one.device_ids is not None
            else {**_dumped(one), "count": one.count if isinstance(one.count, int) else -1}
            for one in amount.devices
        ]
    return value


def _resource(project: Project, name: str, resource: NamedVolume | Network) -> dict[str, Any]:
    value: dict[str, Any] = {"name": resource.name or (name if resource.external else f"{project.name}_{name}")}
    if resource.external:
        value["external"] = True
    if resource.driver:
        value["driver"] = resource.driver
    if resource.labels:
        value["labels"] = resource.labels
    return value


def _config(project: Project, name: str, config: Secret) -> dict[str, Any]:
    return {"name": f"{project.name}_{name}", **_dumped(config)}
