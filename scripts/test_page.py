"""Check the types of Lookout's page and run its own tests, with the Node.js that builds it; its browser's where there is a Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import typer

from obsiverse.components.nodejs import find_node
from obsiverse.components.progress import ignore
from obsiverse.components.settings import ComponentSettings

PAGE = Path(__file__).resolve().parents[1] / "services/lookout/page"


def main() -> None:
    """Exit with the status of what failed first."""
    node = find_node(ComponentSettings(), ignore)
    typer.echo(f"-- page: testing ({node.source})")
    environment = {
        **os.environ,
        "PATH": f"{node.folder}{os.pathsep}{os.environ['PATH']}",
        "CI": "true",
        "NO_COLOR": "1",
    }
    commands = [["run", "lint"], ["test"]]
    installed, lock = PAGE / "node_modules/.package-lock.json", PAGE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        commands.insert(0, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
    if chromium := shutil.which("chromium"):
        environment["CHROMIUM"] = chromium
        commands += [["run", "build"], ["run", "test:browser"]]
    for command in commands:
        done = subprocess.run([*node.npm, *command], cwd=PAGE, env=environment, check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)


if __name__ == "__main__":
    typer.run(main)
