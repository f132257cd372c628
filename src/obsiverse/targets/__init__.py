"""Targets: everything that differs between this machine and AWS, as typed settings and as an environment."""

from obsiverse.targets.errors import TargetError
from obsiverse.targets.load import find_target, load_target
from obsiverse.targets.models import Target
from obsiverse.targets.shell import shell_lines

__all__ = ["Target", "TargetError", "find_target", "load_target", "shell_lines"]
