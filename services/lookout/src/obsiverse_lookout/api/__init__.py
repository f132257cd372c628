"""The endpoints of Grafana's HTTP API, a module for each of its resources."""
