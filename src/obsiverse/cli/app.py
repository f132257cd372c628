"""The command line: options that all commands share, and how errors end them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Annotated

import typer
from obsiverse_client import AgentError, AgentUnreachable
from rich.markup import escape

import obsiverse
from obsiverse.agent.errors import AgentFault, LaunchFailed
from obsiverse.cli.console import err, out
from obsiverse.components import ComponentError
from obsiverse.compose import ComposeError
from obsiverse.engine.errors import EngineError, Interrupted, ServiceFailed
from obsiverse.engine.workspace import Workspace
from obsiverse.promote import PromoteError, Stopped
from obsiverse.targets import TargetError

app = typer.Typer(
    name="obsiverse",
    help="The AWS topology of machine-learning observability, on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

_files: list[Path] = []


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", "-f", help="A Compose file; again for overrides. Default: compose/compose.yaml."),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Options of every command."""
    if version:
        out.print(f"obsiverse {obsiverse.__version__}")
        raise typer.Exit
    _files[:] = file or []
    if context.invoked_subcommand is None:
        out.print(context.get_help())


def workspace() -> Workspace:
    """The workspace of the Compose files that were named."""
    return Workspace.find(_files or None)


def main() -> None:
    """Run the command line; an error ends it with a message on stderr and a non-zero exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        app()
    except ServiceFailed as error:
        _print_error(error.message, error.hint, error.log, error.service)
        raise SystemExit(1) from None
    except Interrupted as error:
        _print_error(error.message, error.hint)
        raise SystemExit(130) from None
    except Stopped as error:
        _print_error(
            error.message,
            error.hint,
            [f"done: {key}" for key in error.done] + [f"not begun: {key}" for key in error.left],
        )
        raise SystemExit(1) from None
    except PromoteError as error:
        _print_error(error.message, error.hint)
        raise SystemExit(1) from None
    except EngineError as error:
        _print_error(error.message, error.hint)
        raise SystemExit(1) from None
    except (AgentError, AgentFault, AgentUnreachable, ComposeError, ComponentError, LaunchFailed, TargetError) as error:
        _print_error(str(error))
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(141) from None


def _interrupt(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def _print_error(message: str, hint: str = "", log: list[str] | None = None, source: str = "") -> None:
    err.print(f"[bold red]error:[/bold red] {escape(message)}")
    if log:
        err.print(f"[dim]the last lines of {escape(source)}'s log:[/dim]")
        for line in log:
            err.print(f"[dim]  │[/dim] {escape(line)}")
    if hint:
        err.print(escape(hint))
