"""A metric, written as the collector writes them and asked for as a dashboard asks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from obsiverse.promote.check import Check, Result, attributes, failed, passed, skipped
from obsiverse.promote.errors import NotInTime
from obsiverse.promote.kinds import amp_workspace
from obsiverse.promote.plan import Plan
from obsiverse.promote.remote_write import HEADERS, sample
from obsiverse.promote.session import Session
from obsiverse.promote.signing import send

METRIC = "obsiverse_promotion_probe"
SECONDS = 60


class Metrics(Check):
    """Signed remote write, then a signed query that finds it."""

    name = "metrics"

    def run(self, session: Session, plan: Plan) -> Iterator[Result]:
        workspace = attributes(plan, amp_workspace.NAME)
        if workspace is None:
            yield skipped("metrics", "there is no workspace of Managed Prometheus: apply first")
            return
        run, began = secrets.token_hex(4), time.monotonic()
        value = float(secrets.randbelow(10**6))
        body = sample({"__name__": METRIC, "run": run}, value, int(time.time() * 1000))
        written = send(session.place, "aps", "POST", workspace["remote_write"], body, HEADERS)
        if written.status_code >= 300:
            yield failed("remote write", f"{written.status_code}: {written.text[:300]}")
            return
        query = urlencode({"query": f'{METRIC}{{run="{run}"}}'})
        url = f"{workspace['query']}/api/v1/query?{query}"
        said: list[str] = []

        def found() -> bool:
            answer = send(session.place, "aps", "GET", url)
            said[:] = [answer.text[:300]]
            results: list[Any] = answer.json()["data"]["result"] if answer.is_success else []
            return any(float(one["value"][1]) == value for one in results)

        try:
            session.place.wait(found, "the probe's metric", SECONDS)
        except NotInTime as error:
            yield failed("metrics", f"{error.message}; the last answer: {said[0]}")
            return
        yield passed("metrics", f"a sample was written and found after {time.monotonic() - began:.1f} s")
