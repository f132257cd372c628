"""A target's environment as lines that a shell evaluates."""

from __future__ import annotations

import shlex

from obsiverse.targets.models import Target

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
OPTIONAL = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME",
    "AMP_WORKSPACE_ID",
    "AMP_REMOTE_WRITE_URL",
    "AMP_QUERY_URL",
    "GRAFANA_URL",
    "GRAFANA_WORKSPACE_ID",
)


def shell_lines(target: Target) -> list[str]:
    """`export K=v` for what the target sets, `unset K` for what another target may have left in the shell.

    Values are quoted for any POSIX shell. Credentials that come from the environment are not touched.
    """
    environment = target.environment()
    absent = OPTIONAL if target.credentials.source == "environment" else OPTIONAL + CREDENTIALS
    exports = [f"export {name}={_quote(value)}" for name, value in environment.items()]
    return exports + [f"unset {name}" for name in absent if name not in environment]


def _quote(value: str) -> str:
    quoted = shlex.quote(value)
    return quoted if quoted.startswith("'") else f"'{quoted}'"
