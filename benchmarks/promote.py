"""How long promotion to `stage` takes on a running stack, whose account 222222222222 it empties.

`python benchmarks/promote.py [--rounds N] [--json]`

Each time is that of a command as a user runs it, from the shell to its end. Endpoints are left out: how long one starts is SageMaker's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

from obsiverse.targets import load_target

ROOT = Path(__file__).resolve().parents[1]
OBSIVERSE = ROOT / ".venv" / "bin" / "obsiverse"
LIMITS = {"plan of everything": 3.0, "apply of everything": 30.0, "plan with nothing to do": 3.0}
"""Seconds."""


def main() -> None:
    """Exit with 1 where a median is over its limit."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    times: dict[str, list[float]] = {name: [] for name in (*LIMITS, "rollback of everything")}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stage.yaml"
        stage = (ROOT / "targets" / "stage.yaml").read_text()
        file.write_text(stage.replace("promote:\n", "promote:\n  endpoints: []\n"))
        _empty(file)
        for _ in range(options.rounds):
            times["plan of everything"].append(_seconds(file, "plan", expected=2))
            times["apply of everything"].append(_seconds(file, "apply", "--yes"))
            times["plan with nothing to do"].append(_seconds(file, "plan"))
            times["rollback of everything"].append(_seconds(file, "rollback", "--yes", "--all"))
        _empty(file)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    if options.json:
        print(json.dumps(medians, indent=2))
    else:
        for name, seconds in medians.items():
            limit = f"at most {LIMITS[name]:g} s" if name in LIMITS else ""
            print(f"{name:<26} {seconds:6.1f} s   {limit}")
    if over := [name for name, limit in LIMITS.items() if medians[name] > limit]:
        raise SystemExit(f"over their limits: {', '.join(over)}")


def _seconds(file: Path, *arguments: str, expected: int = 0) -> float:
    began = time.monotonic()
    done = subprocess.run(
        [OBSIVERSE, "promote", *arguments, "--target", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return time.monotonic() - began


def _empty(file: Path) -> None:
    target = load_target(file, dict(os.environ))
    url = f"{target.endpoints.aws}/_obsiverse/accounts/{target.account}/reset"
    httpx.post(url, timeout=120).raise_for_status()


if __name__ == "__main__":
    main()
