"""Each endpoint answers as the one on this machine does."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, cast

from obsiverse.promote.check import Check, Result, failed, passed, skipped
from obsiverse.promote.kinds import sagemaker_endpoint
from obsiverse.promote.kinds.model_artifact import split
from obsiverse.promote.place import Place
from obsiverse.promote.plan import Plan
from obsiverse.promote.session import Session
from obsiverse.promote.source import pages

HELD_OUT = "/held-out/features.csv"
"""Where scenarios keep rows that a model was not trained on."""
ROWS = 20
TOLERANCE = 1e-4
"""Relative, of each number: other processors round in another way."""


class Endpoints(Check):
    """The same rows to both, compared number by number."""

    name = "endpoints"

    def run(self, session: Session, plan: Plan) -> Iterator[Result]:
        for step in plan.steps.values():
            if step.resource.kind != sagemaker_endpoint.NAME:
                continue
            name = step.resource.name
            if step.found is None:
                yield skipped(f"endpoint {name}", "it is not in the target: apply first")
                continue
            address = session.source.promotion.samples.get(name) or _held_out(session, name)
            if address is None:
                yield skipped(
                    f"endpoint {name}",
                    f"no rows to ask with: name a CSV of S3 in promote.samples.{name} of the target's file",
                )
                continue
            yield _compared(session, name, address)


def _compared(session: Session, name: str, address: str) -> Result:
    bucket, key = split(address)
    content = session.source.local.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    body = b"\n".join(content.splitlines()[:ROWS]) + b"\n"
    here, there = (_answer(place, name, body) for place in (session.source.local, session.place))
    subject = f"endpoint {name}"
    if apart := difference(here, there):
        return failed(subject, f"{ROWS} rows of {address}: {apart}")
    return passed(subject, f"{len(body.splitlines())} rows answered as here, within {TOLERANCE:g}")


def _answer(place: Place, name: str, body: bytes) -> Any:
    runtime = place.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Accept="application/json", Body=body)
    content = answer["Body"].read()
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


def _held_out(session: Session, endpoint: str) -> str | None:
    """The newest rows that this machine's scenario kept for an endpoint."""
    bucket = session.source.local.target.bucket
    listed = pages(
        session.source.local.client("s3"), "list_objects_v2", "Contents", Bucket=bucket, Prefix=f"{endpoint}/"
    )
    found = [one for one in listed if one["Key"].endswith(HELD_OUT)]
    return f"s3://{bucket}/{max(found, key=lambda one: one['LastModified'])['Key']}" if found else None


def difference(here: Any, there: Any, path: str = "answer") -> str:
    """Where two answers are apart, in words; "" where they are not."""
    if isinstance(here, bool) or isinstance(there, bool) or type(here) is not type(there):
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (here, there))
        if not numbers:
            return "" if here == there and type(here) is type(there) else f"{path} is {here!r} here and {there!r} there"
    if isinstance(here, dict):
        left, right = cast(dict[str, Any], here), cast(dict[str, Any], there)
        if left.keys() != right.keys():
            return f"{path} has {sorted(left)} here and {sorted(right)} there"
        return next((found for key in left if (found := difference(left[key], right[key], f"{path}.{key}"))), "")
    if isinstance(here, list):
        ours, theirs = cast(list[Any], here), cast(list[Any], there)
        if len(ours) != len(theirs):
            return f"{path} has {len(ours)} entries here and {len(theirs)} there"
        pairs = enumerate(zip(ours, theirs, strict=True))
        return next((found for index, pair in pairs if (found := difference(*pair, f"{path}.{index}"))), "")
    if isinstance(here, int | float):
        near = math.isclose(here, there, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        return "" if near else f"{path} is {here} here and {there} there"
    return "" if here == there else f"{path} is {here!r} here and {there!r} there"
