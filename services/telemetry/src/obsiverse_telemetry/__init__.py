"""The data planes of Managed Prometheus, X-Ray and CloudWatch Logs."""

from obsiverse_telemetry.app import create_app
from obsiverse_telemetry.settings import Settings

__all__ = ["Settings", "create_app"]
