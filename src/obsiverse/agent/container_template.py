"""A task template out of the container that Compose made for it (docs/design.md, "The Docker engine")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from obsiverse.agent.spec import Container, Health, HttpCheck, Logging, Port, Spec

HEALTH_LABEL = "obsiverse.health"
TEMPLATE_LABEL = "obsiverse.template"
NANOSECONDS = 1e9
# What a task must not take from the container it is made like.
OWN_TO_THE_TEMPLATE = frozenset(
    {"AutoRemove", "ContainerIDFile", "Links", "NetworkMode", "PortBindings", "PublishAllPorts", "RestartPolicy"}
)
_SIZES = {"k": 1024, "m": 1024**2, "g": 1024**3}


def template(container: Mapping[str, Any], image: Mapping[str, Any]) -> Spec:
    """The spec of tasks that are like a container.

    Args:
        container: as the engine's API inspects it.
        image: its image, likewise.

    Raises:
        ValueError: the label of its health check is not PORT/PATH.
    """
    config, host = container["Config"], container["HostConfig"]
    labels: dict[str, str] = config.get("Labels") or {}
    program: list[str] = image["Config"].get("Entrypoint") or []
    arguments: list[str] = image["Config"].get("Cmd") or []
    check = labels.get(HEALTH_LABEL)
    exposed: dict[str, Any] = config.get("ExposedPorts") or {}
    environment: list[str] = config.get("Env") or []
    options: dict[str, str] = host["LogConfig"].get("Config") or {}
    return Spec(
        image=config["Image"],
        command=program or arguments[:1],
        args=arguments if program else arguments[1:],
        env=dict(one.split("=", 1) for one in environment if "=" in one),
        working_dir=config.get("WorkingDir") or None,
        ports=[Port(container=port) for port in sorted(_tcp_ports(exposed))],
        health=_health(check, config.get("Healthcheck") or {}),
        stop_signal=config.get("StopSignal") or "SIGTERM",
        stop_grace=10 if config.get("StopTimeout") is None else config["StopTimeout"],
        logging=_logging(options),
        labels={name: value for name, value in labels.items() if not name.startswith("com.docker.") and name != TEMPLATE_LABEL},
        container=Container(
            image_id=container["Image"],
            host_config={name: value for name, value in host.items() if name not in OWN_TO_THE_TEMPLATE},
            networks=list(container["NetworkSettings"]["Networks"]),
            user=config.get("User") or "",
        ),
    )  # fmt: skip


def _tcp_ports(exposed: Iterable[str]) -> set[int]:
    return {int(port.removesuffix("/tcp")) for port in exposed if port.endswith("/tcp")}


def _health(label: str | None, check: Mapping[str, Any]) -> Health | None:
    timings: dict[str, Any] = {
        ours: check[theirs] / NANOSECONDS
        for ours, theirs in (
            ("interval", "Interval"),
            ("timeout", "Timeout"),
            ("start_period", "StartPeriod"),
            ("start_interval", "StartInterval"),
        )
        if check.get(theirs)
    }
    if check.get("Retries"):
        timings["retries"] = check["Retries"]
    if label:
        port, slash, path = label.partition("/")
        if not port.isdecimal() or not slash:
            raise ValueError(f"the label {HEALTH_LABEL}: {label!r} is not PORT/PATH, such as 8080/ping")
        return Health(http=HttpCheck(port=int(port), path=f"/{path}"), **timings)
    test: list[str] = check.get("Test") or []
    return Health(test=test, **timings) if test and test[0] != "NONE" else None


def _logging(options: Mapping[str, str]) -> Logging:
    found: dict[str, int] = {}
    if size := options.get("max-size"):
        number, unit = (size[:-1], _SIZES.get(size[-1].lower())) if not size[-1].isdigit() else (size, 1)
        if unit and number.isdecimal():
            found["max_size_bytes"] = int(number) * unit
    if (count := options.get("max-file", "")).isdecimal():
        found["max_files"] = int(count)
    return Logging(**found)
