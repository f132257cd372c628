"""Compose files as typed models; what is not honoured is refused with file, line and key."""

from obsiverse.compose.canonical import to_config
from obsiverse.compose.errors import ComposeError, Where
from obsiverse.compose.graph import Link
from obsiverse.compose.load import load
from obsiverse.compose.models import Dependency, Port, Project, Service
from obsiverse.compose.native import Native

__all__ = ["ComposeError", "Dependency", "Link", "Native", "Port", "Project", "Service", "Where", "load", "to_config"]
