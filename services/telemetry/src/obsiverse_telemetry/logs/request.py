"""A request's members, checked against the shapes of the API."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from obsiverse_telemetry.logs.errors import InvalidParameterException, ResourceNotFoundException
from obsiverse_telemetry.logs.store import Group, LogStore, Stream


class Request(NamedTuple):
    """Who asks, and for what."""

    account: str
    region: str
    members: dict[str, Any]

    def text(self, name: str) -> str:
        """A string that must be there."""
        value = self.members.get(name)
        if not isinstance(value, str) or not value:
            raise invalid(name, value, "Member must not be null")
        return value

    def optional_text(self, name: str) -> str | None:
        """A string, or None."""
        return None if self.members.get(name) is None else self.text(name)

    def integer(self, name: str, lowest: int = 0, highest: int | None = None) -> int | None:
        """A whole number within limits, or None."""
        value = self.members.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise invalid(name, value, "Member must be a number")
        if value < lowest:
            raise invalid(name, value, f"Member must have value greater than or equal to {lowest}")
        if highest is not None and value > highest:
            raise invalid(name, value, f"Member must have value less than or equal to {highest}")
        return value

    def objects(self, name: str) -> list[Any]:
        """A list that must be there."""
        value = self.members.get(name)
        if not isinstance(value, list) or not value:
            raise invalid(name, cast("object", value), "Member must have length greater than or equal to 1")
        return cast("list[Any]", value)

    def texts(self, name: str) -> list[str] | None:
        """A list of strings, or None."""
        if self.members.get(name) is None:
            return None
        values = self.objects(name)
        found = [one for one in values if isinstance(one, str)]
        if len(found) < len(values):
            raise invalid(name, values, "Member must be a list of strings")
        return found

    def group(self, store: LogStore) -> Group:
        """The group that logGroupName or logGroupIdentifier (a name or an ARN) names."""
        name = self.optional_text("logGroupName") or self.text("logGroupIdentifier")
        return find_group(store, self.account, self.region, name)

    def stream(self, store: LogStore, group: Group) -> Stream:
        """The group's stream that logStreamName names."""
        found = store.streams(group, self.text("logStreamName"))
        if not found:
            raise ResourceNotFoundException("The specified log stream does not exist.")
        return found[0]


def find_group(store: LogStore, account: str, region: str, identifier: str) -> Group:
    """A group by its name or ARN; raises ResourceNotFoundException."""
    name = group_name(identifier)
    if (group := store.group(account, region, name)) is None:
        raise ResourceNotFoundException("The specified log group does not exist.")
    return group


def group_name(identifier: str) -> str:
    """A group's name, of that or its ARN."""
    return identifier.split(":")[6] if identifier.startswith("arn:") and identifier.count(":") >= 6 else identifier


def invalid(name: str, value: object, constraint: str) -> InvalidParameterException:
    """The error of a member that breaks a constraint, which AWS words so."""
    shown = "null" if value is None else value
    return InvalidParameterException(
        f"1 validation error detected: Value '{shown}' at '{name}' failed to satisfy constraint: {constraint}"
    )
