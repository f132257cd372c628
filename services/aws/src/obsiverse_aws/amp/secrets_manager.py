"""Secrets that a definition names."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to

from obsiverse_aws.amp.checks import Invalid


def secret_of(account: str, region: str, arn: str, key: str | None) -> str:
    """A secret's value, or the value of a key of its JSON; raises Invalid."""
    client = connect_to(aws_access_key_id=account, region_name=region).secretsmanager
    try:
        text: str = client.get_secret_value(SecretId=arn)["SecretString"]
    except (ClientError, KeyError) as error:
        raise Invalid(f"the secret {arn} can't be read: {error}") from error
    if key is None:
        return text
    try:
        found: Any = json.loads(text)
        return str(found[key])
    except (ValueError, KeyError, TypeError):
        raise Invalid(f"the secret {arn} has no key {key}") from None
