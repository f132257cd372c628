"""Commands that run something: exec, scenario."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from obsiverse.cli.app import Json, app, workspace
from obsiverse.cli.console import Progress, out, print_json, table
from obsiverse.engine import choose
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
    """Run a program beside a service: in its container, or natively with its environment and working folder."""
    choose.present(workspace()).exec(service, command)


@scenario_app.command("list")
def list_scenarios(json: Json = False) -> None:
    """List the scenarios."""
    found = choose.present(workspace()).scenarios()
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
        engine = choose.present(place)
        known = [one["name"] for one in engine.scenarios()]
        if name not in known:
            raise EngineError(f"there is no scenario {name}", f"There are: {', '.join(known) or 'none'}.")
        engine.run_scenario(name, timeout=timeout, report=progress)
    out.print(f"{name} held, in {time.monotonic() - began:.1f} s.")
