"""Annotations: kept, found by time, tags and dashboard."""

from __future__ import annotations

from typing import Any

import pytest
from running import Lookout


@pytest.fixture
def annotate(lookout: Lookout) -> Any:
    made: list[int] = []

    def begin(**members: Any) -> int:
        answer = lookout.admin.post("/api/annotations", json={"text": "deployed", **members})
        assert answer.status_code == 200, answer.text
        made.append(answer.json()["id"])
        return made[-1]

    yield begin
    for each in made:
        lookout.admin.delete(f"/api/annotations/{each}")


def find(lookout: Lookout, **query: Any) -> list[int]:
    return [each["id"] for each in lookout.anonymous.get("/api/annotations", params=query).json()]


def test_found_by_time_where_they_reach_into_it(lookout: Lookout, annotate: Any) -> None:
    point, stretch = annotate(time=1_000_000), annotate(time=1_500_000, timeEnd=3_000_000)
    assert find(lookout, **{"from": 900_000, "to": 1_100_000}) == [point]
    assert find(lookout, **{"from": 2_000_000, "to": 2_100_000}) == [stretch]
    assert find(lookout, **{"from": 1, "to": 2}) == []


def test_found_by_tags_all_or_any(lookout: Lookout, annotate: Any) -> None:
    both, one = annotate(tags=["model", "clinical"], time=5), annotate(tags=["model"], time=4)
    assert find(lookout, tags=["model", "clinical"]) == [both]
    assert find(lookout, tags=["clinical", "model"], matchAny="true") == [both, one]
    assert find(lookout, tags=["nothing"]) == []
    tags = lookout.anonymous.get("/api/annotations/tags", params={"tag": "clin"}).json()["result"]["tags"]
    assert tags == [{"tag": "clinical", "count": 1}]


def test_found_by_dashboard_and_panel(lookout: Lookout, annotate: Any) -> None:
    uid = lookout.save({"title": "annotated"}).json()["uid"]
    mine = annotate(dashboardUID=uid, panelId=7, time=10)
    annotate(time=11)
    assert find(lookout, dashboardUID=uid) == find(lookout, dashboardUID=uid, panelId=7) == [mine]
    assert find(lookout, dashboardUID=uid, panelId=8) == []
    assert lookout.admin.post("/api/annotations", json={"text": "x", "dashboardUID": "none"}).status_code == 404


def test_changed_in_part_and_deleted(lookout: Lookout, annotate: Any) -> None:
    made = annotate(time=100, tags=["a"])
    assert lookout.admin.patch(f"/api/annotations/{made}", json={"time": 200, "text": "moved"}).status_code == 200
    kept = lookout.anonymous.get(f"/api/annotations/{made}").json()
    assert (kept["time"], kept["timeEnd"], kept["text"], kept["tags"]) == (200, 200, "moved", ["a"])
    assert lookout.admin.delete(f"/api/annotations/{made}").status_code == 200
    assert lookout.anonymous.get(f"/api/annotations/{made}").status_code == 404


def test_graphites_words(lookout: Lookout) -> None:
    body = {"what": "release", "when": 1500, "tags": "a b", "data": "more"}
    made = lookout.admin.post("/api/annotations/graphite", json=body).json()["id"]
    kept = lookout.anonymous.get(f"/api/annotations/{made}").json()
    assert (kept["time"], kept["tags"], kept["text"]) == (1_500_000, ["a", "b"], "release\nmore")
    lookout.admin.delete(f"/api/annotations/{made}")


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": "x", "tags": "a"}, {"text": "x", "time": "now"}, {"text": "x", "time": 2**63}]
)
def test_bad_annotation_is_400(lookout: Lookout, body: dict[str, Any]) -> None:
    assert lookout.admin.post("/api/annotations", json=body).status_code == 400
