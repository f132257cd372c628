"""StartLiveTail: what comes to some groups, once a second, for as long as the caller reads it.

Format: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

from localstack.aws.api import CommonServiceException
from localstack.utils.aws import arns

from obsiverse_aws.logs.data_plane import DataPlane

GROUPS_MAX = 10
UPDATE_SECONDS, SESSION_SECONDS = 1.0, 3 * 3600.0
SHOWN_MAX = 500  # events of one update; of more, the newest

Groups = dict[str, str]
"""ARN, without `:*` → name."""


def start(data_plane: DataPlane, account: str, region: str, request: Any) -> Iterator[dict[str, Any]]:
    """The events of a session's stream. Raises AWS's errors before the first one."""
    identifiers = request["logGroupIdentifiers"]
    names, prefixes = request.get("logStreamNames"), request.get("logStreamNamePrefixes")
    if not 1 <= len(identifiers) <= GROUPS_MAX:
        raise _invalid(f"Between 1 and {GROUPS_MAX} log groups can be tailed.")
    if names and prefixes:
        raise _invalid("logStreamNames and logStreamNamePrefixes are mutually exclusive.")
    if (names or prefixes) and len(identifiers) > 1:
        raise _invalid("Streams can be named for one log group only.")
    groups: Groups = {}
    for identifier in identifiers:
        name = identifier.removesuffix(":*").partition(":log-group:")[2] or identifier
        groups[arns.log_group_arn(name, account, region)] = name
    wanted = {
        "filterPattern": request.get("logEventFilterPattern"),
        "logStreamNames": names or None,
        "logStreamNamePrefixes": prefixes or None,
    }

    def new(group: str, after: int | None) -> Any:
        asked = {**wanted, "logGroupName": group, "after": after}
        return data_plane.call(account, region, "ObsiverseNewEvents", asked)

    # The first look also finds what is wrong with the request.
    last = {arn: new(name, None)["last"] for arn, name in groups.items()}
    return _session(request, groups, last, new)


def _session(request: Any, groups: Groups, last: dict[str, int], new: Any) -> Iterator[dict[str, Any]]:
    started = {
        "requestId": str(uuid.uuid4()),
        "sessionId": str(uuid.uuid4()),
        "logGroupIdentifiers": list(groups),
        "logStreamNames": request.get("logStreamNames") or [],
        "logStreamNamePrefixes": request.get("logStreamNamePrefixes") or [],
        "logEventFilterPattern": request.get("logEventFilterPattern") or "",
    }
    yield {"sessionStart": started}
    ends = time.monotonic() + SESSION_SECONDS
    while time.monotonic() < ends:
        time.sleep(UPDATE_SECONDS)
        results: list[dict[str, Any]] = []
        for arn, name in groups.items():
            while True:
                page = new(name, last[arn])
                results += [{**event, "logGroupIdentifier": arn} for event in page["events"]]
                if page["last"] == last[arn]:
                    break
                last[arn] = page["last"]
        metadata = {"sampled": len(results) > SHOWN_MAX}
        yield {"sessionUpdate": {"sessionMetadata": metadata, "sessionResults": results[-SHOWN_MAX:]}}
    yield {"SessionTimeoutException": {"message": "The session has reached its limit of three hours."}}


def _invalid(message: str) -> CommonServiceException:
    return CommonServiceException("InvalidParameterException", message, 400, sender_fault=True)
