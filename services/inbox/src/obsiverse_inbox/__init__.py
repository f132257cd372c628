"""The inbox: keeps what mail, Slack webhooks and SNS notifications would have delivered, and shows it."""

__version__ = "0.1.0"
