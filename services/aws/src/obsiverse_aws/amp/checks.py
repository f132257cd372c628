"""What promtool says of rules and amtool of Alertmanager's configuration: the same code that will read them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from obsiverse_aws.work_queue import Retry

SECONDS = 30.0
REASON_MAX = 2048  # characters
MAIN = "alertmanager.yml"


class Invalid(Exception):
    """A document that can't be used, and why."""


class Checks:
    """The two programs, by path or by name. Each check raises Invalid, and Retry where its program can't be run."""

    def __init__(self, promtool: str, amtool: str) -> None:
        self._promtool = promtool
        self._amtool = amtool

    def rules(self, document: str) -> None:
        """Check a rule file."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rules.yml"
            file.write_text(document)
            # Its lint is advice, and AWS gives none.
            self._run([self._promtool, "check", "rules", "--lint=none", str(file)], folder)

    def alertmanager(self, files: Mapping[str, str]) -> None:
        """Check a configuration and the templates beside it."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                (Path(folder) / name).write_text(content)
            self._run([self._amtool, "check-config", str(Path(folder) / MAIN)], folder)

    @staticmethod
    def _run(command: list[str], folder: str) -> None:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=folder, errors="replace"
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Retry(f"{command[0]} can't be run: {error}") from error
        if done.returncode != 0:
            said = f"{done.stdout}\n{done.stderr}".replace(f"{folder}/", "")
            lines = [line.strip() for line in said.splitlines() if line.strip()]
            # The first lines say which file is being checked, which is a name of ours.
            told = [line for line in lines if not line.startswith("Checking ") and line != "FAILED:"]
            raise Invalid(" ".join(told)[:REASON_MAX] or f"exit status {done.returncode}")
