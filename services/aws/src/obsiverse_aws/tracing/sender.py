"""Segments on their way to X-Ray's data plane, in batches and in the background: no request waits for them."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections import defaultdict
from typing import Any

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

LOG = logging.getLogger(__name__)
WAITING_MAX = 10_000
AT_ONCE = 50
SECRET = "test"  # noqa: S105 - of every account's own key, which is its id
TIMEOUT = urllib3.Timeout(connect=2, read=10)
TRIES = 3


class Sender:
    """Sends to `address` (host:port)."""

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}/TraceSegments"
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)
        self._waiting: queue.Queue[tuple[str, str, dict[str, Any]] | None] = queue.Queue(WAITING_MAX)
        self._thread = threading.Thread(target=self._work, name="segments", daemon=True)
        self._thread.start()

    def put(self, account: str, region: str, segment: dict[str, Any]) -> None:
        """Send a segment soon; it is lost, and that is logged, where 10,000 wait already."""
        try:
            self._waiting.put_nowait((account, region, segment))
        except queue.Full:
            LOG.warning("a segment of %s is lost: %d wait already", segment["trace_id"], WAITING_MAX)

    def close(self) -> None:
        """Send what waits, within a few seconds."""
        self._waiting.put(None)
        self._thread.join(5)

    def _work(self) -> None:
        while True:
            taken = [self._waiting.get()]
            while len(taken) < AT_ONCE and not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            owners: dict[tuple[str, str], list[str]] = defaultdict(list)
            for one in taken:
                if one is not None:
                    owners[one[:2]].append(json.dumps(one[2]))
            for (account, region), documents in owners.items():
                self._send(account, region, documents)
            if None in taken:
                return

    def _send(self, account: str, region: str, documents: list[str]) -> None:
        body = json.dumps({"TraceSegmentDocuments": documents}).encode()
        why = ""
        for _ in range(TRIES):
            signed = AWSRequest("POST", self._url, {"Content-Type": "application/json"}, body)
            SigV4Auth(Credentials(account, SECRET), "xray", region).add_auth(signed)
            try:
                answer = self._http.request("POST", self._url, body=body, headers=dict(signed.headers.items()))
            except urllib3.exceptions.HTTPError as error:
                why = str(error)
                continue
            if answer.status < 500:
                if answer.status >= 400 or json.loads(answer.data)["UnprocessedTraceSegments"]:
                    LOG.warning("X-Ray refuses segments: %s", answer.data.decode(errors="replace"))
                return
            why = f"{answer.status}"
        LOG.warning("%d segments are lost: %s", len(documents), why)
