"""What X-Ray is told to do: where spans go, which are indexed, groups, resource policies, encryption, tags."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from obsiverse_dataplane.database import Database

from obsiverse_telemetry.xray.errors import InvalidRequestException, MalformedPolicyDocumentException
from obsiverse_telemetry.xray.filter_expression import compile_filter
from obsiverse_telemetry.xray.request import Operation, Request
from obsiverse_telemetry.xray.store import Owner

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (
    account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (account, region, kind, name))
"""
DESTINATIONS = ("XRay", "CloudWatchLogs")
PENDING_SECONDS = 0.5
GROUPS_MAX = 25
POLICIES_MAX = 5
POLICY_MAX = 5 * 1024  # bytes
DEFAULT_INDEXED = 1.0  # percent


class Settings:
    """Values by kind and name, on disk."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def get(self, owner: Owner, kind: str, name: str) -> dict[str, Any] | None:
        """A value."""
        where = "account = ? AND region = ? AND kind = ? AND name = ?"
        rows = self._database.execute(f"SELECT value FROM settings WHERE {where}", (*owner, kind, name))  # noqa: S608 - ours
        return json.loads(rows[0][0]) if rows else None

    def all(self, owner: Owner, kind: str) -> list[dict[str, Any]]:
        """The values of a kind by name."""
        where = "account = ? AND region = ? AND kind = ?"
        rows = self._database.execute(f"SELECT value FROM settings WHERE {where} ORDER BY name", (*owner, kind))  # noqa: S608
        return [json.loads(value) for (value,) in rows]

    def put(self, owner: Owner, kind: str, name: str, value: dict[str, Any]) -> None:
        """Keep a value."""
        self._database.execute(
            "INSERT OR REPLACE INTO settings VALUES (?, ?, ?, ?, ?)", (*owner, kind, name, json.dumps(value))
        )

    def delete(self, owner: Owner, kind: str, name: str) -> None:
        """Delete a value if it is there."""
        where = "account = ? AND region = ? AND kind = ? AND name = ?"
        self._database.execute(f"DELETE FROM settings WHERE {where}", (*owner, kind, name))  # noqa: S608 - ours

    def tags(self, owner: Owner, arn: str) -> dict[str, str]:
        """The tags of a resource."""
        return self.get(owner, "tags", arn) or {}

    def add_tags(self, owner: Owner, arn: str, added: list[dict[str, str]] | None) -> None:
        """Give a resource tags, as requests have them."""
        if added:
            self.put(owner, "tags", arn, self.tags(owner, arn) | {one["Key"]: one["Value"] for one in added})

    def forget(self, account: str) -> None:
        """Delete all of an account."""
        self._database.execute("DELETE FROM settings WHERE account = ?", (account,))


class Control:
    """The operations, by the path of their requests."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.operations: dict[str, Operation] = {
            "/GetTraceSegmentDestination": self.get_destination,
            "/UpdateTraceSegmentDestination": self.update_destination,
            "/GetIndexingRules": self.get_indexing_rules,
            "/UpdateIndexingRule": self.update_indexing_rule,
            "/CreateGroup": self.create_group,
            "/GetGroup": lambda request: {"Group": self._group(request)},
            "/Groups": lambda request: {"Groups": self._settings.all(request.owner, "group")},
            "/UpdateGroup": self.update_group,
            "/DeleteGroup": self.delete_group,
            "/EncryptionConfig": lambda request: {"EncryptionConfig": self._encryption(request.owner)},
            "/PutEncryptionConfig": self.put_encryption,
            "/PutResourcePolicy": self.put_policy,
            "/ListResourcePolicies": lambda request: {"ResourcePolicies": self._settings.all(request.owner, "policy")},
            "/DeleteResourcePolicy": self.delete_policy,
            "/TagResource": self.tag,
            "/UntagResource": self.untag,
            "/ListTagsForResource": lambda request: {"Tags": self._tags(request.owner, request.text("ResourceARN"))},
        }

    def takes_otlp(self, owner: Owner) -> bool:
        """Whether spans of an account may come by OTLP: Transaction Search is on."""
        return self._destination(owner) == {"Destination": "CloudWatchLogs", "Status": "ACTIVE"}

    def indexed(self, owner: Owner) -> Callable[[bytes], bool]:
        """Tells of a trace id of 16 bytes whether its spans become a trace: a share of them, the same ones for all their spans."""
        percent = self._indexing_rule(owner)["Rule"]["Probabilistic"]["DesiredSamplingPercentage"]
        below = int(percent / 100 * (1 << 56))
        # The last 7 bytes are random by W3C's Trace Context.
        return lambda trace_id: int.from_bytes(trace_id[9:], "big") < below

    def _destination(self, owner: Owner) -> dict[str, Any]:
        kept = self._settings.get(owner, "destination", "") or {"Destination": "XRay", "since": 0.0}
        active = time.time() - kept["since"] >= PENDING_SECONDS
        return {"Destination": kept["Destination"], "Status": "ACTIVE" if active else "PENDING"}

    def get_destination(self, request: Request) -> dict[str, Any]:
        """GetTraceSegmentDestination."""
        return self._destination(request.owner)

    def update_destination(self, request: Request) -> dict[str, Any]:
        """UpdateTraceSegmentDestination."""
        wanted = request.text("Destination")
        if wanted not in DESTINATIONS:
            raise InvalidRequestException(f"Destination must be one of {', '.join(DESTINATIONS)}.")
        if wanted != self._destination(request.owner)["Destination"]:
            self._settings.put(request.owner, "destination", "", {"Destination": wanted, "since": time.time()})
        return self._destination(request.owner)

    def get_indexing_rules(self, request: Request) -> dict[str, Any]:
        """GetIndexingRules: there is the one."""
        return {"IndexingRules": [self._indexing_rule(request.owner)]}

    def _indexing_rule(self, owner: Owner) -> dict[str, Any]:
        kept = self._settings.get(owner, "indexing", "Default") or {"percent": DEFAULT_INDEXED, "modified": 0.0}
        percent = kept["percent"]
        rule = {"DesiredSamplingPercentage": percent, "ActualSamplingPercentage": percent}
        return {"Name": "Default", "ModifiedAt": kept["modified"], "Rule": {"Probabilistic": rule}}

    def update_indexing_rule(self, request: Request) -> dict[str, Any]:
        """UpdateIndexingRule."""
        if request.text("Name") != "Default":
            raise InvalidRequestException("The only indexing rule is Default.")
        rule: Any = request.members.get("Rule")
        probabilistic: Any = rule.get("Probabilistic") if isinstance(rule, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        percent: Any = probabilistic.get("DesiredSamplingPercentage") if isinstance(probabilistic, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
            raise InvalidRequestException(
                "Rule.Probabilistic.DesiredSamplingPercentage must be a number from 0 to 100."
            )
        self._settings.put(request.owner, "indexing", "Default", {"percent": percent, "modified": time.time()})
        return {"IndexingRule": self._indexing_rule(request.owner)}

    def create_group(self, request: Request) -> dict[str, Any]:
        """CreateGroup."""
        name = request.text("GroupName")
        if self._settings.get(request.owner, "group", name):
            raise InvalidRequestException(f"Group {name} already exists.")
        if len(self._settings.all(request.owner, "group")) >= GROUPS_MAX:
            raise InvalidRequestException(f"There are {GROUPS_MAX} groups already.")
        arn = f"arn:aws:xray:{request.owner.region}:{request.owner.account}:group/{name}/{time.time_ns():X}"
        self._settings.add_tags(request.owner, arn, request.members.get("Tags"))
        return self._keep_group(request, {"GroupName": name, "GroupARN": arn})

    def update_group(self, request: Request) -> dict[str, Any]:
        """UpdateGroup."""
        return self._keep_group(request, self._group(request))

    def _keep_group(self, request: Request, group: dict[str, Any]) -> dict[str, Any]:
        expression = request.optional_text("FilterExpression")
        if expression is not None:
            compile_filter(expression)
            group["FilterExpression"] = expression
        insights = request.members.get("InsightsConfiguration")
        if insights is not None or "InsightsConfiguration" not in group:
            group["InsightsConfiguration"] = insights or {"InsightsEnabled": False, "NotificationsEnabled": False}
        self._settings.put(request.owner, "group", group["GroupName"], group)
        return {"Group": group}

    def _group(self, request: Request) -> dict[str, Any]:
        name, arn = request.optional_text("GroupName"), request.optional_text("GroupARN")
        for group in self._settings.all(request.owner, "group"):
            if group["GroupName"] == name or group["GroupARN"] == arn:
                return group
        raise InvalidRequestException(f"Group {name or arn or ''} does not exist.")

    def delete_group(self, request: Request) -> dict[str, Any]:
        """DeleteGroup."""
        group = self._group(request)
        self._settings.delete(request.owner, "group", group["GroupName"])
        self._settings.delete(request.owner, "tags", group["GroupARN"])
        return {}

    def expression_of(self, request: Request) -> str | None:
        """The filter expression of the group that a request names, if it names one."""
        if not request.members.get("GroupName") and not request.members.get("GroupARN"):
            return None
        if request.members.get("GroupName") == "Default":
            return None
        return self._group(request).get("FilterExpression")

    def _encryption(self, owner: Owner) -> dict[str, Any]:
        return self._settings.get(owner, "encryption", "") or {"Status": "ACTIVE", "Type": "NONE"}

    def put_encryption(self, request: Request) -> dict[str, Any]:
        """PutEncryptionConfig. Nothing is encrypted: the stores are files of this machine."""
        kind, key = request.text("Type"), request.optional_text("KeyId")
        if kind not in ("NONE", "KMS") or (kind == "KMS") != (key is not None):
            raise InvalidRequestException("Type must be NONE, or KMS with a KeyId.")
        value = {"Status": "ACTIVE", "Type": kind, **({"KeyId": key} if key else {})}
        self._settings.put(request.owner, "encryption", "", value)
        return {"EncryptionConfig": value}

    def put_policy(self, request: Request) -> dict[str, Any]:
        """PutResourcePolicy."""
        name, document = request.text("PolicyName"), request.text("PolicyDocument")
        try:
            json.loads(document)
        except ValueError as error:
            raise MalformedPolicyDocumentException(f"The policy is not JSON: {error}") from None
        if len(document.encode()) > POLICY_MAX:
            raise InvalidRequestException(f"The policy is over {POLICY_MAX} bytes.")
        present = self._settings.get(request.owner, "policy", name)
        if present is None and len(self._settings.all(request.owner, "policy")) >= POLICIES_MAX:
            raise InvalidRequestException(f"There are {POLICIES_MAX} policies already.")
        revision = str(int(present["PolicyRevisionId"]) + 1 if present else 1)
        policy: dict[str, Any] = {
            "PolicyName": name,
            "PolicyDocument": document,
            "PolicyRevisionId": revision,
            "LastUpdatedTime": time.time(),
        }
        self._settings.put(request.owner, "policy", name, policy)
        return {"ResourcePolicy": policy}

    def delete_policy(self, request: Request) -> dict[str, Any]:
        """DeleteResourcePolicy."""
        self._settings.delete(request.owner, "policy", request.text("PolicyName"))
        return {}

    def _tags(self, owner: Owner, arn: str) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in self._settings.tags(owner, arn).items()]

    def tag(self, request: Request) -> dict[str, Any]:
        """TagResource."""
        self._settings.add_tags(request.owner, request.text("ResourceARN"), request.members.get("Tags"))
        return {}

    def untag(self, request: Request) -> dict[str, Any]:
        """UntagResource."""
        arn = request.text("ResourceARN")
        gone: list[str] = request.members.get("TagKeys") or []
        left = {key: value for key, value in self._settings.tags(request.owner, arn).items() if key not in gone}
        self._settings.put(request.owner, "tags", arn, left)
        return {}
