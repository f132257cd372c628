"""No body, whatever is in it, makes an endpoint fail otherwise than by saying what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import Lookout

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
RULE = ("title", "condition", "data", "folderUID", "ruleGroup", "for", "labels", "annotations", "noDataState", "uid")
ENDPOINTS = {
    "POST /api/folders": ("title", "uid", "parentUid"),
    "PUT /api/folders/fuzzed": ("title", "version", "overwrite"),
    "POST /api/folders/fuzzed/move": ("parentUid",),
    "POST /api/dashboards/db": ("dashboard", "folderUid", "folderId", "overwrite", "message"),
    "POST /api/dashboards/uid/fuzzed/restore": ("version",),
    "POST /api/datasources": ("name", "type", "uid", "url", "access", "jsonData", "secureJsonData", "isDefault"),
    "POST /api/annotations": ("text", "tags", "time", "timeEnd", "dashboardUID", "panelId", "data"),
    "POST /api/annotations/graphite": ("what", "when", "tags", "data"),
    "POST /api/serviceaccounts": ("name", "role", "isDisabled"),
    "POST /api/orgs": ("name",),
    "POST /api/v1/provisioning/alert-rules": RULE,
    "PUT /api/v1/provisioning/folder/fuzzed/rule-groups/g": ("rules", "interval"),
    "POST /api/v1/provisioning/contact-points": ("name", "type", "settings", "uid"),
    "PUT /api/v1/provisioning/policies": ("receiver",),
    "POST /api/ds/query": ("queries", "from", "to"),
}


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    lookout = Lookout(tmp_path_factory.mktemp("fuzzed"))
    lookout.admin.post("/api/folders", json={"title": "fuzzed", "uid": "fuzzed"})
    lookout.save({"title": "fuzzed", "uid": "fuzzed"})
    lookout.add_source("prom", "prometheus", url="http://127.0.0.1:9")
    lookout.add_source("cloudwatch", "cloudwatch", jsonData={"defaultRegion": "us-east-1", "authType": "keys"})
    lookout.add_source("xray", "grafana-x-ray-datasource", jsonData={"defaultRegion": "us-east-1", "authType": "keys"})
    yield lookout
    lookout.close()


def body(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    plausible = st.sampled_from(["fuzzed", "A", "prometheus", "1s", 1])
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, plausible | ANY))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_body_is_answered(fuzzed: Lookout, endpoint: str, data: st.DataObject) -> None:
    method, path = endpoint.split(" ")
    content = json.dumps(data.draw(body(ENDPOINTS[endpoint])))
    answer = fuzzed.admin.request(method, path, content=content)
    assert answer.status_code < 500 or answer.status_code == 501, f"{content}: {answer.text}"
    answer.json()


QUERY = (
    "expr",
    "instant",
    "format",
    "interval",
    "legendFormat",
    "intervalMs",
    "maxDataPoints",
    "utcOffsetSec",
    "intervalFactor",
)
CLOUDWATCH = (
    "queryMode",
    "region",
    "namespace",
    "metricName",
    "dimensions",
    "statistic",
    "period",
    "expression",
    "id",
    "label",
    "logGroups",
)
XRAY = ("queryType", "query", "region", "group", "columns")
EXPRESSION = ("type", "expression", "reducer", "settings", "conditions", "window", "downsampler", "upsampler")


@pytest.mark.parametrize(
    ("source", "names"), [("prom", QUERY), ("cloudwatch", CLOUDWATCH), ("xray", XRAY), ("__expr__", EXPRESSION)]
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_query_has_a_result_of_its_own(
    fuzzed: Lookout, source: str, names: tuple[str, ...], data: st.DataObject
) -> None:
    query = {"refId": "A", "datasource": {"uid": source}, **data.draw(body(names))}
    content = json.dumps({"from": "now-1h", "to": "now", "queries": [query]})
    answer = fuzzed.anonymous.post("/api/ds/query", content=content)
    assert answer.status_code in (200, 400), f"{content}: {answer.text}"
    if "results" in answer.json():
        assert answer.json()["results"]["A"]["status"] >= 200
