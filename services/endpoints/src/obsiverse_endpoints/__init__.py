"""InvokeEndpoint's data plane: requests to model tasks, by account, region and endpoint."""

from obsiverse_endpoints.app import create_app
from obsiverse_endpoints.settings import Settings

__all__ = ["Settings", "create_app"]
