"""The app: `cdk deploy` runs this; so does `CDK_OUTDIR=cdk.out python -m obsiverse_cdk`, without the CLI and its cdk.json."""

from __future__ import annotations

import sys

import aws_cdk as cdk

from obsiverse_cdk.app import fill
from obsiverse_cdk.settings import CONTEXT, InvalidSettings, Settings


def main() -> None:
    """Synthesise. Exit code 1 where a setting is wrong."""
    app = cdk.App()
    try:
        settings = Settings.read(app.node.try_get_context(CONTEXT) or {})
    except InvalidSettings as error:
        sys.exit(f"error: {error}")
    fill(app, settings)
    app.synth()


if __name__ == "__main__":
    main()
