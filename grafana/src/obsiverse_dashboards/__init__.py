"""Dashboards and alert rules as code: `python -m obsiverse_dashboards` writes what Grafana reads."""
