"""Write an S3 object to stdout: `python -m obsiverse_traffic.fetch s3://bucket/key`."""

# boto3 is untyped.
# pyright: basic

from __future__ import annotations

import os
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

MAX_BYTES = 64 * 1024 * 1024


def addressing_style() -> str:
    """Buckets are in the path where the endpoint is not AWS's own: no name server knows a host for each."""
    overridden = any(name in os.environ for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
    return "path" if overridden else "auto"


def main(url: str) -> int:
    """0, or 1 with the reason on stderr."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    try:
        client = boto3.client("s3", config=Config(s3={"addressing_style": addressing_style()}))
        answer = client.get_object(Bucket=bucket, Key=key)
        if answer["ContentLength"] > MAX_BYTES:
            print(f"{answer['ContentLength']} bytes, more than {MAX_BYTES}", file=sys.stderr)
            return 1
        sys.stdout.buffer.write(answer["Body"].read())
    except (BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
