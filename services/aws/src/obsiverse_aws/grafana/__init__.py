"""Managed Grafana's API; behind it is the stack's own Grafana or Lookout, with an organisation for each workspace."""
