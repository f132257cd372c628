"""Takes captured files to S3."""

from __future__ import annotations

import time

import structlog

from obsiverse_endpoints.aws import Aws, AwsRefused, AwsUnavailable
from obsiverse_endpoints.capture_files import CaptureFiles

_log = structlog.get_logger()


class CaptureUpload:
    """Uploads what is closed; what can't be uploaded stays and is tried again."""

    def __init__(self, files: CaptureFiles, aws: Aws) -> None:
        self._files = files
        self._aws = aws
        self._said: set[str] = set()

    async def flush(self, *, everything: bool = False) -> None:
        """Close and upload the files that are due, or all."""
        self._files.close_due(None if everything else time.time())
        for closed in list(self._files.closed()):
            body = self._files.read(closed)
            if body:
                target = {"Bucket": closed.bucket, "Key": closed.object_key, "Body": body}
                try:
                    await self._aws.call(closed.account, closed.region, "s3", "put_object", target)
                except AwsUnavailable as error:
                    _log.warning("captured data waits for S3", error=str(error))
                    return
                except AwsRefused as error:
                    self._say(closed.bucket, error)
                    continue
            self._files.delete(closed)

    def _say(self, bucket: str, error: AwsRefused) -> None:
        if bucket not in self._said:
            self._said.add(bucket)
            _log.error("captured data can't be put in S3; it is kept and tried again", bucket=bucket, error=str(error))
