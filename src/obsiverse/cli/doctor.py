"""`obsiverse doctor`: whether this machine can run the stack, and where each program comes from."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import typer

from obsiverse import components
from obsiverse.cli.app import Json, app, workspace
from obsiverse.cli.console import bytes_text, out, print_json, table
from obsiverse.engine import native, ports, programs
from obsiverse.engine.errors import EngineError, PortTaken
from obsiverse.engine.units import Unit, plan
from obsiverse.engine.workspace import Workspace

NEEDED_DISK = 12_000_000_000
NEEDED_MEMORY = 3_000_000_000


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        what: what was looked at.
        ok: None where it is neither good nor bad.
        finding: what was found.
        hint: the next step where it is not good.
    """

    what: str
    ok: bool | None
    finding: str
    hint: str = ""


@app.command()
def doctor(json: Json = False) -> None:
    """Check tools, ports, disk, memory, GPU and isolation."""
    place = workspace()
    checks = [
        _system(),
        _docker(place),
        *_tools(),
        *_programs(),
        *_instead(place),
        *_ports(place),
        _disk(place),
        _memory(),
        _gpu(),
        _isolation(),
    ]
    if json:
        print_json([asdict(check) for check in checks])
    else:
        marks = {True: "[green]ok[/green]", False: "[red]no[/red]", None: "[dim]–[/dim]"}
        rows = [
            (check.what, marks[check.ok], check.finding + (f"\n{check.hint}" if check.hint else "")) for check in checks
        ]
        out.print(table(("what", "", "found"), rows))
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)


def _system() -> Check:
    supported = platform.system() in ("Linux", "Darwin")
    found = f"{platform.system()} {platform.release()}, {platform.machine()}, Python {platform.python_version()}"
    return Check("system", supported, found, "" if supported else "obsiverse runs on Linux and macOS.")


def _docker(place: Workspace) -> Check:
    from obsiverse.engine.docker.engine import DockerEngine

    try:
        engine = DockerEngine.find(place)
    except EngineError as error:
        return Check("Docker", None, f"{error.message}; `up` runs natively", error.hint)
    gpu = ", with NVIDIA's runtime" if engine.has_gpu else ""
    return Check("Docker", True, f"engine {engine.version}{gpu}, `{' '.join(engine.program)}`; `up` takes it")


def _tools() -> list[Check]:
    found: list[Check] = []
    for tool, arguments, why in (
        ("uv", ["--version"], "makes the Python environments; `make up` brings it where it is missing"),
        ("go", ["version"], "builds programs that no release could be downloaded for"),
        ("node", ["--version"], "builds Lookout's page; `make up` brings one where it is needed"),
    ):
        path = shutil.which(tool)
        version = ""
        if path:
            done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False, timeout=20)
            version = done.stdout.strip().splitlines()[0] if done.stdout.strip() else "answers nothing"
        found.append(Check(tool, True if path else None, f"{version} at {path}" if path else f"not on PATH ({why})"))
    return found


def _programs() -> list[Check]:
    return [
        Check(name, explained.ok, explained.text, explained.hint)
        for name in ("prometheus", "alertmanager", "otelcol")
        for explained in [components.explain(name)]
    ]


def _instead(place: Workspace) -> list[Check]:
    """Services that run something else where their program can't be had: which of the two, and why."""
    units = plan(native.load(place), place).units
    return [_either(unit, unit.otherwise) for unit in units if unit.otherwise]


def _either(unit: Unit, otherwise: Unit) -> Check:
    names = [need.what for need in programs.needs(unit) if isinstance(need.what, str)]
    explained = {name: components.explain(name) for name in names}
    missing = next((name for name, one in explained.items() if one.ok is not True), None)
    if missing is None:
        return Check(unit.name, True, "; ".join(one.text for one in explained.values()))
    instead = programs.runs(otherwise)
    found = f"{explained[missing].text}; where it can't be had, {instead} runs in its place"
    return Check(unit.name, None, found, f"`.venv/bin/python -m obsiverse.components get {missing}` tries now.")


def _ports(place: Workspace) -> list[Check]:
    agent = native.connect(place)
    running = {task["id"] for task in agent.tasks() if task["state"] == "running"} if agent else set[str]()
    project = native.load(place)
    needed = [port for unit in plan(project, place).units if unit.name not in running for port in unit.ports]
    try:
        ports.check_free(needed, project.environment)
    except PortTaken as error:
        return [Check("ports", False, error.message, "Stop those programs or move the ports.")]
    return [Check("ports", True, f"{len(needed)} free" + (f", {len(running)} services run already" if running else ""))]


def _disk(place: Workspace) -> Check:
    folder = next(parent for parent in (place.state, *place.state.parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    enough = free >= NEEDED_DISK or place.venvs.exists()
    return Check(
        "disk",
        enough,
        f"{bytes_text(free)} free at {folder}",
        "" if enough else f"A first `make up` takes up to {bytes_text(NEEDED_DISK)}.",
    )


def _memory() -> Check:
    available = psutil.virtual_memory().available
    enough = available >= NEEDED_MEMORY
    return Check(
        "memory",
        enough,
        f"{bytes_text(available)} available",
        "" if enough else f"The stack and a training job take {bytes_text(NEEDED_MEMORY)}.",
    )


def _gpu() -> Check:
    program = shutil.which("nvidia-smi")
    if program is None:
        return Check("GPU", None, "no NVIDIA driver; models run on the CPU")
    done = subprocess.run(
        [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    if done.returncode != 0:
        return Check(
            "GPU", None, f"nvidia-smi fails: {done.stderr.strip() or done.stdout.strip()}", "Models run on the CPU."
        )
    return Check("GPU", True, "; ".join(done.stdout.strip().splitlines()))


def _isolation() -> Check:
    who = "root" if os.geteuid() == 0 else f"the user {Path.home().name}"
    return Check(
        "isolation",
        None,
        f"services and models run as {who}, as plain processes; limits on memory and CPU are not enforced",
    )
