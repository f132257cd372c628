"""A target in memory or in a file: kinds whose resources are a dictionary, with faults at any operation."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from obsiverse.promote.journal import Journal
from obsiverse.promote.kind import Kind
from obsiverse.promote.place import Place
from obsiverse.promote.plan import Plan, make_plan
from obsiverse.promote.prices import Prices
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source
from obsiverse.targets import Target
from obsiverse.targets.models import Credentials, Endpoints, Images, InstanceTypes, Promotion, Roles

ACCOUNT = "222222222222"


def target(**more: Any) -> Target:
    """A target that no test talks to."""
    plain: dict[str, Any] = {
        "name": "stage",
        "account": ACCOUNT,
        "region": "eu-west-1",
        "credentials": Credentials(source="emulated"),
        "endpoints": Endpoints(aws="http://127.0.0.1:9"),
        "mlflow": "http://127.0.0.1:9",
        "otlp": "http://127.0.0.1:9",
        "bucket": "obsiverse-stage",
        "roles": Roles(sagemaker=f"arn:aws:iam::{ACCOUNT}:role/obsiverse-sagemaker"),
        "images": Images(registry="obsiverse", model="obsiverse/model"),
        "instance_types": InstanceTypes(training="ml.m5.large", endpoint="ml.m5.large"),
        "promote": Promotion(),
    }
    return Target(**plain | more)


class StillPlace(Place):
    """A place whose account is the right one, and that has no clients."""

    def identity(self) -> str:
        return f"arn:aws:iam::{ACCOUNT}:root"

    def client(self, service: str) -> Any:
        raise AssertionError(f"nothing here talks to {service}")


class World:
    """What a target has, by key; in a file, where one is named, so that it outlives a process.

    Attributes:
        before, after: called with each operation that writes, before and after its effect; they raise what is to go wrong.
        writes: the operations that wrote, in order.
    """

    def __init__(self, content: dict[str, Any] | None = None, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None
        self.writes: list[str] = []
        self._content: dict[str, Any] = {}
        if content is not None:
            self._save(copy.deepcopy(content))

    @property
    def content(self) -> dict[str, Any]:
        """Properties by key, `ours` beside them."""
        if self._file:
            return json.loads(self._file.read_text()) if self._file.exists() else {}
        return self._content

    def _save(self, content: dict[str, Any]) -> None:
        self._content = content
        if self._file:
            fresh = self._file.with_suffix(".new")
            fresh.write_text(json.dumps(content))
            fresh.replace(self._file)

    def put(self, operation: str, key: str, value: Any) -> None:
        """Write, or with None delete."""
        self.before(f"{operation} {key}")
        with self._lock:
            self.writes.append(f"{operation} {key}")
            content = dict(self.content)
            content[key] = copy.deepcopy(value)
            if value is None:
                del content[key]
            self._save(content)
        self.after(f"{operation} {key}")


class MemoryKind(Kind):
    """A kind of a World."""

    name = "thing"
    waits: ClassVar[bool] = False

    def __init__(self, world: World) -> None:
        self.world = world

    def desired(self, source: Source) -> Iterable[Resource]:
        return []

    def read(self, place: Place, resource: Resource) -> Found | None:
        kept = self.world.content.get(resource.key)
        if kept is None:
            return None
        attributes = {"id": f"id-of-{resource.name}"}
        return Found(kept["properties"], attributes, ours=kept["ours"], ready=kept.get("ready", True))

    def create(self, place: Place, resource: Resource) -> None:
        if resource.key in self.world.content:
            raise RuntimeError(f"{resource.key} already exists")
        self.world.put("create", resource.key, {"properties": resource.properties, "ours": True})

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        kept = self.world.content[resource.key]
        self.world.put("change", resource.key, {**kept, "properties": resource.properties})

    def delete(self, place: Place, resource: Resource) -> None:
        if resource.key in self.world.content:
            self.world.put("delete", resource.key, None)

    def wait(self, place: Place, resource: Resource) -> None:
        kept = self.world.content[resource.key]
        if not kept.get("ready", True):
            self.world.put("settle", resource.key, {**kept, "ready": True})

    def others(self, place: Place, wanted: Sequence[Resource]) -> Iterable[str]:
        names = {one.key for one in wanted}
        return [key.partition("/")[2] for key in self.world.content if key.startswith("thing/") and key not in names]


class SharedKind(MemoryKind):
    """Things that may be somebody else's."""

    name = "shared"
    shared = True

    def others(self, place: Place, wanted: Sequence[Resource]) -> Iterable[str]:
        return ()


def kinds(world: World) -> dict[str, Kind]:
    """The kinds of a world."""
    return {"thing": MemoryKind(world), "shared": SharedKind(world)}


def thing(name: str, needs: Sequence[str] = (), **properties: Any) -> Resource:
    """A resource of the world."""
    return Resource("thing", name, properties, after=frozenset(f"thing/{one}" for one in needs))


def by_key(*resources: Resource) -> dict[str, Resource]:
    """Resources as the plan takes them."""
    return {one.key: one for one in resources}


def plan(world: World, resources: dict[str, Resource], journal: Journal) -> Plan:
    """The plan for a world."""
    return make_plan(kinds(world), resources, StillPlace(target()), journal, Prices({}))


def quiet(key: str, stage: str, detail: str) -> None:
    """A report to nobody."""
