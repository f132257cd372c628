"""Queries of a real Prometheus, plain and through the stack's Managed Prometheus."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from conftest import ACCOUNT, MANY, REGION, WORKSPACE
from obsiverse_lookout.query.frames import number_at
from running import Lookout, eventually, free_address

PROM, AMP = {"uid": "prom"}, {"uid": "amp"}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, prometheus: str, planes: str) -> Iterator[Lookout]:
    """A Lookout with both as data sources, and one that is dead."""
    lookout = Lookout(tmp_path_factory.mktemp("asked"), LOOKOUT_QUERY_TIMEOUT="5")
    lookout.add_source("prom", "prometheus", url=prometheus, isDefault=True, jsonData={"timeInterval": "1s"})
    lookout.add_source(
        "amp",
        "grafana-amazonprometheus-datasource",
        url=f"{planes}/workspaces/{WORKSPACE}/",
        jsonData={"sigV4Auth": True, "sigV4AuthType": "keys", "sigV4Region": REGION, "timeInterval": "1s"},
        secureJsonData={"sigV4AccessKey": ACCOUNT, "sigV4SecretKey": "test"},
    )
    lookout.add_source("dead", "prometheus", url=f"http://{free_address()}")
    yield lookout
    lookout.close()


def frames(lookout: Lookout, query: dict[str, Any], **window: Any) -> list[dict[str, Any]]:
    result = lookout.query({"datasource": PROM, **query}, **window)["A"]
    assert result["status"] == 200, result
    return result["frames"]


def fields(frame: dict[str, Any]) -> list[dict[str, Any]]:
    return frame["schema"]["fields"]


@pytest.mark.parametrize("source", [PROM, AMP, None], ids=["plain", "signed", "default"])
def test_range_query_gives_a_frame_a_series(asked: Lookout, source: Any) -> None:
    result = asked.query({"datasource": source, "expr": "plain", "range": True, "intervalMs": 1000}, start="now-1m")[
        "A"
    ]
    assert result["status"] == 200, result
    one = result["frames"][0]
    assert one["schema"]["meta"]["type"] == "timeseries-multi"
    assert [field["type"] for field in fields(one)] == ["time", "number"]
    assert {fields(frame)[1]["labels"]["zone"] for frame in result["frames"]} == {"a", "b"}
    times, values = one["data"]["values"]
    step = fields(one)[0]["config"]["interval"]
    assert all(at % step == 0 for at in times)
    assert set(values) == {1.0}


def test_instant_and_range_together_give_both(asked: Lookout) -> None:
    made = frames(asked, {"expr": 'plain{zone="a"}', "range": True, "instant": True})
    assert [frame["schema"]["meta"]["type"] for frame in made] == ["timeseries-multi", "numeric-multi"]


def test_legend_names_series(asked: Lookout) -> None:
    def names(legend: str) -> list[Any]:
        made = frames(asked, {"expr": "plain", "instant": True, "legendFormat": legend})
        return sorted(str((fields(frame)[1].get("config") or {}).get("displayNameFromDS")) for frame in made)

    assert names("zone {{ zone }}{{nothing}}") == ["zone a", "zone b"]
    assert names("__auto") == ["None", "None"]
    assert 'zone="a"' in names("")[0]


def test_table_has_a_column_for_each_label(asked: Lookout) -> None:
    [table] = frames(asked, {"expr": "plain", "instant": True, "format": "table"})
    assert [field["name"] for field in fields(table)] == ["Time", "__name__", "instance", "job", "zone", "Value"]
    assert sorted(table["data"]["values"][4]) == ["a", "b"]
    two = asked.query(*({"datasource": PROM, "expr": "plain", "instant": True, "format": "table"} for _ in range(2)))
    assert fields(two["B"]["frames"][0])[-1]["name"] == "Value #B"


def test_heatmap_gives_buckets_in_order(asked: Lookout) -> None:
    made = frames(asked, {"expr": "latency_seconds_bucket", "range": True, "format": "heatmap"})
    assert [fields(frame)[1]["config"]["displayNameFromDS"] for frame in made] == ["0.1", "1.0", "+Inf"]


def test_odd_numbers_arrive(asked: Lookout) -> None:
    made = frames(asked, {"expr": "odd", "instant": True})
    values = {fields(frame)[1]["labels"]["kind"]: number_at(frame, 1, 0) for frame in made}
    assert values["inf"] == math.inf
    assert values["nan"] is not None
    assert math.isnan(values["nan"])


def test_scalars_and_texts_are_frames_too(asked: Lookout) -> None:
    [scalar] = frames(asked, {"expr": "6 * 7", "instant": True})
    assert scalar["data"]["values"][1] == [42]
    [text] = frames(asked, {"expr": '"said"', "instant": True})
    assert (fields(text)[1]["type"], text["data"]["values"][1]) == ("string", ["said"])


def test_bad_query_says_why_and_leaves_the_others_alive(asked: Lookout) -> None:
    results = asked.query(
        {"datasource": PROM, "expr": "sum(rate("},
        {"datasource": PROM, "expr": "plain"},
        {"datasource": {"uid": "dead"}, "expr": "plain"},
        {"datasource": {"uid": "none"}, "expr": "plain"},
        {"datasource": PROM, "expr": "plain", "format": "pie"},
        {"datasource": PROM, "expr": ""},
        {"datasource": {"uid": "${amp}"}, "expr": "plain"},
    )
    assert results["B"]["status"] == 200
    assert len(results["B"]["frames"]) == 2
    expected = {
        "A": "parse error",
        "C": "dead does not answer",
        "D": "none not found",
        "E": "'pie'",
        "F": "empty",
        "G": "${amp} not found",
    }
    for ref_id, said in expected.items():
        assert results[ref_id]["status"] >= 400
        assert said in results[ref_id]["error"]


def test_status_is_400_where_all_fail_and_207_where_some_do(asked: Lookout) -> None:
    bad, good = {"refId": "A", "datasource": PROM, "expr": "("}, {"refId": "B", "datasource": PROM, "expr": "1"}

    def status(*queries: dict[str, Any]) -> int:
        return asked.anonymous.post(
            "/api/ds/query", json={"from": "now-1h", "to": "now", "queries": queries}
        ).status_code

    assert [status(bad), status(bad, good), status(good)] == [400, 207, 200]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"queries": []},
        {"queries": [1]},
        {"queries": [{"refId": "A"}, {"refId": "A"}]},
        {"queries": [{"refId": "A"}], "from": "soon", "to": "now"},
        {"queries": [{"refId": "A"}], "from": "now", "to": "now-1h"},
        {"queries": [{"refId": str(index)} for index in range(101)]},
    ],
)
def test_request_that_cannot_be_read_is_400(asked: Lookout, body: dict[str, Any]) -> None:
    answer = asked.anonymous.post("/api/ds/query", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize("source", [PROM, AMP], ids=["plain", "signed"])
def test_ten_thousand_series_are_cut_and_said(asked: Lookout, source: Any) -> None:
    result = asked.query({"datasource": source, "expr": "many", "range": True}, start="now-5m")["A"]
    assert len(result["frames"]) == 1000
    [notice] = result["frames"][0]["schema"]["meta"]["notices"]
    assert f"{MANY:,} series; the first 1,000 are shown" in notice["text"]


def test_expressions_compute_with_queries_and_hidden_ones_are_not_shown(asked: Lookout) -> None:
    expression = {"uid": "__expr__", "type": "__expr__"}
    results = asked.query(
        {"datasource": PROM, "expr": "plain", "range": True, "format": "table", "hide": True},
        {"datasource": expression, "type": "reduce", "expression": "A", "reducer": "last"},
        {"datasource": expression, "type": "math", "expression": "$B * 10 > 15"},
        {"datasource": expression, "type": "math", "expression": "$nothing"},
        {"datasource": expression, "type": "math", "expression": "$E"},
    )
    assert "A" not in results
    values = {
        frame["schema"]["fields"][0]["labels"]["zone"]: frame["data"]["values"][0][0]
        for frame in results["C"]["frames"]
    }
    assert values == {"a": 0, "b": 1}
    assert "there is no query" in results["D"]["error"]
    assert "compute with each other" in results["E"]["error"]


def test_exemplars_are_asked_of_managed_prometheus_too(asked: Lookout) -> None:
    result = asked.query({"datasource": AMP, "expr": "plain", "range": True, "exemplar": True})["A"]
    assert result["status"] == 200
    assert not [frame for frame in result["frames"] if frame["schema"].get("meta", {}).get("notices")]


class WithoutExemplars:
    """A Prometheus of one series that refuses to tell exemplars, as AWS's guide has it."""

    def __init__(self) -> None:
        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                refused = "query_exemplars" in self.path
                values = [[time.time(), "1"]]
                data = {"resultType": "matrix", "result": [{"metric": {"__name__": "one"}, "values": values}]}
                body = json.dumps({"message": "no"} if refused else {"status": "success", "data": data}).encode()
                self.send_response(501 if refused else 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()


def test_where_there_are_no_exemplars_the_series_come_all_the_same(asked: Lookout) -> None:
    server = WithoutExemplars()
    asked.add_source("without", "prometheus", url=server.url)
    result = asked.query({"datasource": {"uid": "without"}, "expr": "one", "range": True, "exemplar": True})["A"]
    server.close()
    assert result["status"] == 200
    notices = [
        notice["text"] for frame in result["frames"] for notice in frame["schema"].get("meta", {}).get("notices", [])
    ]
    assert any(text.startswith("No exemplars") for text in notices)
    assert len(result["frames"]) == 2


def test_what_a_browser_leaves_unquoted_is_signed_all_the_same(asked: Lookout) -> None:
    address = f"{asked.url}/api/datasources/uid/amp/resources/api/v1/label/zone/values"
    answer = httpx.get(f"{address}?match[]=plain%7Bzone%3D~%22(a%7Cb)%22%2C__name__%21%3D''%7D")
    assert (answer.status_code, answer.json().get("data")) == (200, ["a", "b"])


def test_wrong_key_is_told_by_the_query_that_uses_it(asked: Lookout, planes: str) -> None:
    members = {
        "url": f"{planes}/workspaces/{WORKSPACE}",
        "jsonData": {"sigV4Auth": True, "sigV4AuthType": "keys", "sigV4Region": REGION},
        "secureJsonData": {"sigV4AccessKey": ACCOUNT, "sigV4SecretKey": "wrong"},
    }
    asked.add_source("wrong", "grafana-amazonprometheus-datasource", **members)
    result = asked.query({"datasource": {"uid": "wrong"}, "expr": "plain"})["A"]
    assert result["status"] == 403
    assert "signature" in result["error"]


class Slow:
    """A server that answers late, which no real Prometheus can be told to.

    Attributes:
        asked: how many requests have come.
    """

    def __init__(self, seconds: float) -> None:
        self.asked = 0
        slow = self

        class Late(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                slow.asked += 1
                time.sleep(seconds)
                self.send_response(200)
                self.end_headers()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Late)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()


@pytest.fixture
def slow() -> Iterator[Slow]:
    server = Slow(20)
    yield server
    server.close()


def test_slow_source_is_said_and_the_others_answered(
    start: Callable[..., Lookout], slow: Slow, prometheus: str
) -> None:
    lookout = start(LOOKOUT_QUERY_TIMEOUT="1")
    lookout.add_source("slow", "prometheus", url=slow.url)
    lookout.add_source("prom", "prometheus", url=prometheus)
    results = lookout.query({"datasource": {"uid": "slow"}, "expr": "1"}, {"datasource": PROM, "expr": "plain"})
    assert results["A"]["status"] == 504
    assert "slow did not answer within 1 s" in results["A"]["error"]
    assert results["B"]["status"] == 200


def test_viewers_of_the_same_are_one_question(asked: Lookout) -> None:
    server, now = Slow(0.5), round(time.time() * 1000)
    asked.add_source("counted", "prometheus", url=server.url)

    def ask(late: int) -> int:
        # They look a little apart, which is the same once it is aligned to the step.
        window = {"from": str(now - 3_600_000 + late), "to": str(now + late)}
        query = {"refId": "A", "datasource": {"uid": "counted"}, "expr": "plain", "interval": "5m"}
        return httpx.post(f"{asked.url}/api/ds/query", json={**window, "queries": [query]}).status_code

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ask, range(20))) == {400}
    # The step may begin anew in between.
    assert server.asked <= 2
    server.close()


def test_it_ends_soon_while_sources_keep_it_waiting(start: Callable[..., Lookout], slow: Slow) -> None:
    lookout = start()
    keys = {"jsonData": {"endpoint": slow.url, "defaultRegion": REGION, "authType": "keys"}}
    lookout.add_source("slow", "prometheus", url=slow.url)
    lookout.add_source("aws", "cloudwatch", **keys, secureJsonData={"accessKey": ACCOUNT, "secretKey": "test"})
    metric = {"refId": "B", "datasource": {"uid": "aws"}, "namespace": "x", "metricName": "y"}
    queries = [{"refId": "A", "datasource": {"uid": "slow"}, "expr": "1"}, metric]

    def ask() -> None:
        with suppress(httpx.HTTPError):
            lookout.anonymous.post("/api/ds/query", json={"from": "now-1h", "to": "now", "queries": queries})

    Thread(target=ask, daemon=True).start()
    eventually(lambda: slow.asked == 2)
    lookout.process.terminate()
    assert lookout.process.wait(15) == 0


def test_answer_that_is_no_prometheus_is_said(asked: Lookout) -> None:
    asked.add_source("itself", "prometheus", url=asked.url)
    result = asked.query({"datasource": {"uid": "itself"}, "expr": "1"})["A"]
    assert result["status"] == 404
    assert "itself answered 404" in result["error"]
