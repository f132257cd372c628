"""Targets: everything that differs between this machine and AWS, as typed settings and as an environment."""

from obsiverse.targets.errors import TargetError
from obsiverse.targets.load import load_target
from obsiverse.targets.models import Target
from obsiverse.targets.shell import shell_lines

__all__ = ["Target", "TargetError", "load_target", "shell_lines"]
