"""What a pipeline does on each of its machines: `python infra/pipelines/steps.py plan|apply|verify --target NAME --hand-over FOLDER`.

A plan is made from what runs on the machine that makes it, and the next stage has another machine. So `plan` leaves its stack's data
with the plan, and `apply` and `verify` start the stack from them: what is applied is what was approved, or nothing.
The journal, which a rollback needs, is kept in the target's bucket.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from obsiverse.promote.faults import code_of
from obsiverse.promote.place import Place
from obsiverse.targets import Target, find_target, load_target

OBSIVERSE = Path(sys.executable).with_name("obsiverse")
PLAN, DATA = "plan.json", "data.tar.gz"
JOURNALS = "promoted/journals"
"""Folder in the target's bucket."""
SAME, CHANGES = 0, 2
"""Exit codes of `promote plan`."""
ABSENT = ("404", "NoSuchBucket", "NoSuchKey")

app = typer.Typer(help=__doc__, no_args_is_help=True)
TargetName = Annotated[str, typer.Option("--target", help="A target of targets/, or a path to its file.")]
HandOver = Annotated[Path, typer.Option("--hand-over", help="Folder that goes from the plan to what comes after it.")]
Outputs = Annotated[
    Path | None, typer.Option("--outputs", help="File that `changes=true` or `changes=false` is added to.")
]


@app.command()
def plan(target: TargetName, hand_over: HandOver, outputs: Outputs = None) -> None:
    """Start a stack, plan, and leave the plan with the stack's data. Changes are no failure."""
    hand_over.mkdir(parents=True, exist_ok=True)
    with stack():
        made = planned(target)
        (hand_over / PLAN).write_text(made)
        # The same for who approves it.
        obsiverse("promote", "plan", "--target", target, accepted=(SAME, CHANGES))
    with tarfile.open(hand_over / DATA, "w:gz") as archive:
        archive.add(state() / "data", "data")
    if outputs:
        with outputs.open("a") as file:
            file.write(f"changes={'true' if json.loads(made)['changes'] else 'false'}\n")


@app.command()
def apply(target: TargetName, hand_over: HandOver) -> None:
    """Do what was approved. Exit code 1 where the target, or what would be done, is no longer the same."""
    with stack(hand_over), journal(target):
        if json.loads(planned(target)) != json.loads((hand_over / PLAN).read_text()):
            obsiverse("promote", "plan", "--target", target, accepted=(SAME, CHANGES))
            sys.exit(
                "error: the plan is not the one that was approved (above is what it is now). Run the pipeline again."
            )
        obsiverse("promote", "apply", "--target", target, "--yes")


@app.command()
def verify(target: TargetName, hand_over: HandOver) -> None:
    """Prove that the target works, and answers as the stack does that it came from."""
    with stack(hand_over):
        obsiverse("promote", "verify", "--target", target)


@contextmanager
def stack(hand_over: Path | None = None) -> Generator[None]:
    """A stack for as long as this lasts, from the data that were handed over."""
    if hand_over:
        if (state() / "data").exists():
            sys.exit(
                f"error: {state()} has a stack's data already, which this would overwrite. Name another folder in OBSIVERSE_STATE."
            )
        with tarfile.open(hand_over / DATA) as archive:
            archive.extractall(state(), filter="data")
    # The target's credentials are none of its business.
    addresses = ("_PORT", "_ADDR")
    own = {name: one for name, one in os.environ.items() if not name.startswith("AWS_") or name.endswith(addresses)}
    obsiverse("up", environment=own)
    try:
        yield
    finally:
        obsiverse("down", environment=own)


@contextmanager
def journal(name: str) -> Generator[None]:
    """The target's journal out of its bucket, and back into it, whatever comes of the apply."""
    file = find_target(name)
    target = load_target(file, os.environ)
    local, key = file.with_suffix(".journal.jsonl"), f"{JOURNALS}/{target.name}.journal.jsonl"
    with Place(target) as place:
        fetch(place, target, key, local)
        try:
            yield
        finally:
            if local.is_file():
                keep(place, target, key, local)


def fetch(place: Place, target: Target, key: str, local: Path) -> None:
    """The journal of earlier runs; nothing where there was none, as before the bucket was made."""
    try:
        place.client("s3").download_file(target.bucket, key, str(local))
        local.chmod(0o600)
    except ClientError as error:
        if code_of(error) not in ABSENT:
            raise


def keep(place: Place, target: Target, key: str, local: Path) -> None:
    """The journal into the bucket; where an apply stopped before it made that, it is said that nothing can be rolled back."""
    try:
        place.client("s3").put_object(Bucket=target.bucket, Key=key, Body=local.read_bytes())
    except ClientError as error:
        if code_of(error) not in ABSENT:
            raise
        typer.echo(
            f"There is no bucket {target.bucket} yet to keep the journal in: this run can't be rolled back.", err=True
        )


def planned(target: str) -> str:
    """A plan as JSON."""
    return obsiverse("promote", "plan", "--target", target, "--json", accepted=(SAME, CHANGES), capture=True)


def obsiverse(
    *arguments: str, accepted: tuple[int, ...] = (0,), capture: bool = False, environment: dict[str, str] | None = None
) -> str:
    """Run the CLI; what it printed, where that is captured. Exits as it did where that is not accepted."""
    done = subprocess.run(
        [OBSIVERSE, *arguments], stdout=subprocess.PIPE if capture else None, env=environment, text=True, check=False
    )
    if done.returncode not in accepted:
        raise typer.Exit(done.returncode)
    return done.stdout or ""


def state() -> Path:
    """The stack's folder, where the CLI has it."""
    return Path(os.environ.get("OBSIVERSE_STATE") or Path(__file__).resolve().parents[2] / ".obsiverse")


if __name__ == "__main__":
    app()
