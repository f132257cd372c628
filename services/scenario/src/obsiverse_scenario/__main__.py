"""`python -m obsiverse_scenario list|run NAME`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from obsiverse_scenario import clinical
from obsiverse_scenario.clinical.scenario import Clinical
from obsiverse_scenario.errors import ScenarioError
from obsiverse_scenario.settings import Settings

SCENARIOS = {"clinical": (Clinical, clinical.__doc__ or "")}
app = typer.Typer(help="Real data to a deployed model, through the SageMaker API.", add_completion=False)


@app.command("list")
def list_scenarios(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List the scenarios."""
    found = [{"name": name, "description": text.strip()} for name, (_, text) in SCENARIOS.items()]
    if as_json:
        _show(json.dumps(found))
        return
    for each in found:
        _show(f"{each['name']}  {each['description']}")


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="A scenario's name.")] = "clinical",
    force: Annotated[bool, typer.Option("--force", help="Train and deploy even if it is done already.")] = False,
) -> None:
    """Run a scenario; 0 only if every step held."""
    if name not in SCENARIOS:
        raise typer.BadParameter(f"there is no scenario {name}; there are: {', '.join(SCENARIOS)}")
    scenario, _ = SCENARIOS[name]
    try:
        result = scenario(Settings(), _show).run(force)  # pyright: ignore[reportCallIssue] - every field has a default
    except ScenarioError as error:
        _show(f"FAILED: {error.message}\n{error.next_step}")
        raise typer.Exit(1) from error
    except (ClientError, BotoCoreError) as error:
        _show(f"FAILED: {error}\nSee `obsiverse ps` and `obsiverse logs aws`.")
        raise typer.Exit(1) from error
    _show(
        f"{name}: held-out accuracy {result['accuracy']:.4f}, endpoint {result['endpoint']}, job {result['training_job']}"
    )


def _show(line: str) -> None:
    # Through a pipe lines would otherwise arrive all at the end.
    print(line, flush=True)


if __name__ == "__main__":
    app()
