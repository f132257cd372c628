"""Commands that run something: exec, scenario."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from obsiverse.cli.app import Json, app, workspace
from obsiverse.cli.console import Progress, out, print_json, table
from obsiverse.engine import native
from obsiverse.engine.errors import EngineError

scenario_app = typer.Typer(
    help="Scenarios: a model trained, deployed and asked through the AWS API.", no_args_is_help=True
)
app.add_typer(scenario_app, name="scenario")


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
)
def exec(  # noqa: A001 - the verb's name in Compose
    service: Annotated[str, typer.Argument(help="A service or task.")],
    command: Annotated[list[str], typer.Argument(help="The program and its arguments.")],
) -> None:
    """Run a program with a service's environment and working folder."""
    agent = native.require(workspace())
    known = {task["id"]: task for task in agent.tasks()}
    if service not in known:
        raise EngineError(f"nothing named {service} is here", f"There are: {', '.join(known)}.")
    spec = known[service]["spec"]
    programs = str(Path(spec["command"][0]).parent)
    environment = {**os.environ, **spec["env"], "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"}
    os.chdir(spec["working_dir"] or known[service]["root"])
    sys.stdout.flush()
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - replacing this process is what exec means
    except FileNotFoundError:
        raise EngineError(f"there is no program {command[0]} on {service}'s PATH", "Give its path.") from None


@scenario_app.command("list")
def list_scenarios(json: Json = False) -> None:
    """List the scenarios."""
    found = native.scenarios(workspace())
    if json:
        print_json(found)
    else:
        out.print(table(("scenario", "what it does"), [(one["name"], one["description"]) for one in found]))


@scenario_app.command("run")
def run_scenario(
    name: Annotated[str, typer.Argument(help="One of `scenario list`.")] = "clinical",
    timeout: Annotated[float, typer.Option(help="Seconds to wait for its end.")] = 600,
) -> None:
    """Run a scenario on the running stack."""
    place = workspace()
    with place.exclusive("scenario run"), Progress() as progress:
        began = time.monotonic()
        native.run_scenario(place, name, timeout=timeout, report=progress)
    out.print(f"{name} held, in {time.monotonic() - began:.1f} s.")
