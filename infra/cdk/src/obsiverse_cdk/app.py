"""What is in the app."""

from __future__ import annotations

import os

import aws_cdk as cdk

from obsiverse_cdk.endpoints import Endpoints
from obsiverse_cdk.platform import Platform
from obsiverse_cdk.settings import Settings


def fill(app: cdk.App, settings: Settings) -> None:
    """Put the stacks in. Their account and region are those of the CLI's credentials; without it, whoever deploys has them."""
    environment = cdk.Environment(
        account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION")
    )
    title = settings.name.title().replace("-", "")
    platform = Platform(app, f"{title}Platform", settings, env=environment)
    if settings.endpoints:
        Endpoints(app, f"{title}Endpoints", settings, platform, env=environment)
    # As promotion marks what is its own: `obsiverse promote` then knows it, and brings dashboards into the workspace.
    cdk.Tags.of(app).add("obsiverse:promoted", settings.name)
