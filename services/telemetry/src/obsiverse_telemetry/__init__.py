"""The place of the Managed Prometheus, X-Ray and CloudWatch Logs data planes."""

from obsiverse_telemetry.app import create_app
from obsiverse_telemetry.settings import Settings

__all__ = ["Settings", "create_app"]
