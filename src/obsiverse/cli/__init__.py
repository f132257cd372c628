"""The command line."""

from obsiverse.cli import configuration, doctor, execution, inspection, lifecycle, promotion, report
from obsiverse.cli.app import app, main

__all__ = ["app", "configuration", "doctor", "execution", "inspection", "lifecycle", "main", "promotion", "report"]
