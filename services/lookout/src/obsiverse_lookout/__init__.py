"""Lookout: the part of Grafana's HTTP API that the dashboards and their promotion use, and a page that shows them."""

__version__ = "0.1.0"

# The Grafana whose answers these are; clients compare it before they choose a call.
GRAFANA_VERSION = "12.4.12"
