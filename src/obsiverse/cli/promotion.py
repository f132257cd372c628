"""`obsiverse promote`: plan, apply, verify, rollback, diff, export."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from typing import Annotated

import typer

from obsiverse import promote
from obsiverse.cli.app import Json, app, workspace
from obsiverse.cli.console import Progress, err, out, print_json
from obsiverse.cli.promotion_text import show_difference, show_plan, show_result, show_undo
from obsiverse.engine import native
from obsiverse.promote.check import Outcome, Result
from obsiverse.promote.check import verify as check_all
from obsiverse.promote.checks import all_checks
from obsiverse.promote.faults import explained

promote_app = typer.Typer(
    help="Bring what runs here to another account: AMP, Managed Grafana, SageMaker.", no_args_is_help=True
)
app.add_typer(promote_app, name="promote")

TargetName = Annotated[str, typer.Option("--target", "-t", help="A target of targets/, or a path to a target's file.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
CHANGES = 2
"""Exit code of a plan with changes."""


@promote_app.command()
def plan(target: TargetName = "aws", json: Json = False) -> None:
    """Show what an apply would do. Exit code 2 where that is something. Writes nothing to the target."""
    with _session(target) as session:
        made = session.plan()
    if json:
        print_json(made.to_json())
    else:
        show_plan(made)
    if made.changes or made.taken:
        raise typer.Exit(CHANGES)


@promote_app.command()
def diff(
    keys: Annotated[list[str] | None, typer.Argument(help="Keys as plan shows them; all where none is given.")] = None,
    target: TargetName = "aws",
    json: Json = False,
) -> None:
    """Show every difference between this machine and a target, line by line."""
    with _session(target) as session:
        made = session.plan()
    if unknown := set(keys or ()) - made.steps.keys():
        raise promote.PromoteError(
            f"there is no {', '.join(sorted(unknown))} in the plan", "See `promote plan --json`."
        )
    chosen = [step for key, step in made.steps.items() if not keys or key in keys]
    if json:
        print_json([step.to_json() for step in chosen if step.differences or step.found is None])
        return
    for step in chosen:
        show_difference(step)


@promote_app.command()
def apply(target: TargetName = "aws", yes: Yes = False) -> None:
    """Bring a target to what it should be: show the plan, ask, do it. Goes on with one that was cut off."""
    with _session(target) as session, session.journal as journal:
        made = session.plan()
        show_plan(made)
        if made.changes and not made.taken and not yes:
            typer.confirm(f"Apply this to {made.target} ({made.account}, {made.region})?", abort=True, err=True)
        with Progress() as progress:
            done = promote.apply(made, session.kinds, session.place, journal, progress.stage)
    if made.changes:
        out.print(
            f"Applied: {len(done)} of {len(made.changes)}. `obsiverse promote verify --target {target}` proves it."
        )


@promote_app.command()
def verify(target: TargetName = "aws", json: Json = False) -> None:
    """Prove that a target works: a metric, a trace, dashboards' queries, endpoints' answers, an alarm. Exit code 1 where one fails."""
    results: list[Result] = []
    with _session(target) as session:
        made = session.plan()
        for result in check_all(all_checks(), session, made):
            results.append(result)
            if not json:
                show_result(result)
    if json:
        print_json([one.to_json() for one in results])
    if any(one.outcome is Outcome.FAILED for one in results):
        raise typer.Exit(1)


@promote_app.command()
def rollback(
    target: TargetName = "aws",
    yes: Yes = False,
    everything: Annotated[bool, typer.Option("--all", help="Every apply, not only the last.")] = False,
) -> None:
    """Take the last apply back: restore what it changed, delete what it made."""
    with _session(target) as session, session.journal as journal:
        undo = promote.undo_of(journal, everything)
        if undo is None:
            out.print("There is nothing to roll back.")
            return
        show_undo(undo)
        if not yes:
            typer.confirm(f"Roll this back in {session.place.target.name}?", abort=True, err=True)
        with Progress() as progress:
            undone = promote.roll_back(undo, session.kinds, session.place, journal, progress.stage)
    out.print(f"Rolled back: {len(undone)}.")


@promote_app.command()
def export(
    form: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="json; cdk: an app in Python; terraform: a configuration; policy: what who promotes must be allowed.",
        ),
    ] = "json",
    target: TargetName = "aws",
) -> None:
    """Print what a target should have as a document."""
    with _session(target) as session:
        out.file.write(promote.export(session.resources, session.kinds, session.place.target, form))


@contextlib.contextmanager
def _session(target: str) -> Generator[promote.Session]:
    local = {**native.load(workspace()).environment, **os.environ}
    # Where the target is this machine's edge too (stage), its file has the same addresses.
    with promote.open_session(target, local, local) as session:
        try:
            yield session
        except (promote.PromoteError, typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            err.print(
                "Interrupted. What was begun is in the journal: apply again to go on, or `obsiverse promote rollback`."
            )
            raise
        except Exception as error:
            if type(error).__module__.startswith(("botocore", "httpx")):
                raise explained(error, f"target {session.place.target.name}", session.place.target) from error
            raise
