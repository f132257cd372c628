"""Commands that print what the stack is made of: config, env."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from ruamel.yaml import YAML

from obsiverse import compose
from obsiverse.cli.app import Json, app, workspace
from obsiverse.cli.console import err, out, print_json
from obsiverse.engine import native
from obsiverse.targets import load_target, shell_lines


@app.command()
def config(
    json: Json = False,
    profile: Annotated[list[str] | None, typer.Option(help="A profile to activate; again for more.")] = None,
    native_addresses: Annotated[
        bool, typer.Option("--native", help="With the addresses of the native engine.")
    ] = False,
) -> None:
    """Print the Compose files as one, resolved, as `docker compose config` does."""
    place = workspace()
    project = (
        native.load(place)
        if native_addresses
        else compose.load(place.files, environment=os.environ, profiles=profile or ())
    )
    for warning in project.warnings:
        err.print(f"[yellow]warning:[/yellow] {warning}")
    value = compose.to_config(project)
    if json:
        print_json(value)
    else:
        YAML(typ="safe", pure=True).dump(value, out.file)  # pyright: ignore[reportUnknownMemberType] - typed only in part


@app.command()
def env(
    target: Annotated[str, typer.Option(help="A target of targets/, or a path to a target's file.")] = "local",
    json: Json = False,
) -> None:
    """Print the environment of a target as shell lines: eval "$(obsiverse env)"."""
    place = workspace()
    environment = {**native.load(place).environment, **os.environ} if target == "local" else dict(os.environ)
    chosen = load_target(target, environment)
    if json:
        print_json(chosen.environment())
    else:
        out.file.write("\n".join(shell_lines(chosen)) + "\n")
