"""`python -m obsiverse_app deploy|invoke|delete`."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from obsiverse_app.application import Application
from obsiverse_app.settings import Settings

app = typer.Typer(help="The sample application, in the environment that `obsiverse env` prints.", add_completion=False)


def _application() -> Application:
    try:
        return Application(Settings())  # pyright: ignore[reportCallIssue] - from the environment
    except ValidationError as error:
        names = ", ".join(str(one["loc"][0]) for one in error.errors())
        raise typer.BadParameter(f'{names} must be set: eval "$(obsiverse env)"') from None


@app.command()
def deploy() -> None:
    """Deploy or change it; prints the URL to POST rows of features to."""
    typer.echo(_application().deploy())


@app.command()
def invoke(rows: Annotated[Path, typer.Argument(help="A file with rows of features in CSV.", exists=True)]) -> None:
    """POST a file's rows to it; prints the answer."""
    request = urllib.request.Request(_application().url(), rows.read_bytes(), {"Content-Type": "text/csv"})  # noqa: S310 - ours
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - ours
            typer.echo(answer.read().decode())
    except urllib.error.HTTPError as error:
        typer.echo(f"{error.code}: {error.read().decode(errors='replace')}", err=True)
        raise typer.Exit(1) from None


@app.command()
def delete() -> None:
    """Delete it, but for the bucket."""
    _application().delete()


def main() -> None:
    """Run a command; an error of AWS is one line."""
    try:
        app()
    except (ClientError, BotoCoreError, LookupError) as error:
        typer.echo(f"FAILED: {error}", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
