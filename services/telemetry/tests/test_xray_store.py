"""The store of traces by itself: what is purged, and that no change misses the index."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from obsiverse_telemetry.xray.segment import parse
from obsiverse_telemetry.xray.store import Owner, Written, XRayStore

OWNER = Owner("000000000000", "us-east-1")


@pytest.fixture
def store(tmp_path: Path):
    store = XRayStore(tmp_path / "xray.db", days=3)
    yield store
    store.close()


def put(store: XRayStore, number: int, *, age: float = 0, name: str = "shop", segment: int = 1) -> str:
    end = time.time() - age
    trace_id = f"1-{number:08x}-{number:024x}"
    document = {"trace_id": trace_id, "id": f"{segment:016x}", "name": name, "start_time": end - 1, "end_time": end}
    store.write([Written(OWNER, [parse(json.dumps(document))])])
    return trace_id


def names(store: XRayStore) -> dict[str, str]:
    rows = store.read("SELECT traces.trace_id, name FROM traces JOIN trace_services ON trace = traces.id")
    return dict(rows)


def test_traces_go_with_all_that_belongs_to_them_once_they_are_old(store: XRayStore):
    kept, _ = put(store, 1, age=2 * 86400), put(store, 2, age=4 * 86400)
    store.index_changed()
    store.purge()
    assert names(store).keys() == {kept}
    for table in ("segments", "trace_services"):
        assert store.read(f"SELECT count(*) FROM {table}") == [(1,)]  # noqa: S608 - the test's own


def test_a_trace_that_changes_while_it_is_indexed_is_indexed_again(store: XRayStore, monkeypatch: pytest.MonkeyPatch):
    trace_id = put(store, 1)
    documents = store.documents

    def changed_after_reading(owner: Owner, wanted: str):
        found = documents(owner, wanted)
        put(store, 1, name="new")
        return found

    monkeypatch.setattr(store, "documents", changed_after_reading)
    assert store.index_changed() == 1
    monkeypatch.undo()
    assert names(store) == {trace_id: "shop"}
    assert store.index_changed() == 1
    assert names(store) == {trace_id: "new"}
    assert store.index_changed() == 0


def test_an_accounts_traces_can_be_forgotten(store: XRayStore):
    put(store, 1)
    store.index_changed()
    store.forget("111111111111")
    assert len(names(store)) == 1
    store.forget(OWNER.account)
    assert names(store) == {}
    assert store.read("SELECT count(*) FROM segments") == [(0,)]
