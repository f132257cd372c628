"""Logs Insights: queries through boto3, and that no text of a query is more than data."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from obsiverse_telemetry.insights.errors import MalformedQueryException
from obsiverse_telemetry.insights.query import compile_query
from obsiverse_telemetry.insights.table import COLUMNS
from running_service import Service, eventually

NOW = int(time.time()) // 60 * 60 - 600
LINES: list[tuple[int, str]] = [
    (0, json.dumps({"level": "INFO", "ms": 10, "user": {"id": "ann"}, "path": "/cart"})),
    (1, json.dumps({"level": "ERROR", "ms": 250, "user": {"id": "bob"}, "path": "/pay"})),
    (61, json.dumps({"level": "INFO", "ms": 9, "user": {"id": "ann"}, "path": "/pay"})),
    (62, "plain user=cyd status=404 took 5ms"),
    (63, "{ not json"),
    (64, json.dumps({"level": "INFO", "ms": 30, "path": "O'Brien \" \\ --"})),
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("insights"))
    logs = service.client("logs")
    logs.create_log_group(logGroupName="/shop")
    logs.create_log_stream(logGroupName="/shop", logStreamName="one")
    events = [{"timestamp": (NOW + at) * 1000, "message": message} for at, message in LINES]
    logs.put_log_events(logGroupName="/shop", logStreamName="one", logEvents=events)
    yield service
    service.end()


def answer(service: Service, text: str, **asked: Any) -> dict[str, Any]:
    logs = service.client("logs")
    span = {"startTime": NOW - 60, "endTime": NOW + 600}
    query = logs.start_query(**{"logGroupName": "/shop", "queryString": text, **span, **asked})["queryId"]

    def ended() -> dict[str, Any] | None:
        found = logs.get_query_results(queryId=query)
        return found if found["status"] not in ("Scheduled", "Running") else None

    found = eventually(ended)
    assert found is not None
    return found


def rows(service: Service, text: str) -> list[dict[str, str]]:
    found = answer(service, text)
    assert found["status"] == "Complete"
    return [{one["field"]: one["value"] for one in row if one["field"] != "@ptr"} for row in found["results"]]


def test_fields_are_found_in_json_and_the_newest_is_first(service: Service) -> None:
    found = rows(service, "fields @timestamp, user.id, ms | filter ispresent(ms)")
    assert [one.get("user.id") for one in found] == [None, "ann", "bob", "ann"]
    assert found[-1]["@timestamp"] == time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime(NOW))


def test_without_fields_time_and_message_are_shown(service: Service) -> None:
    found = answer(service, "filter @message like /not json/")
    assert [one["field"] for one in found["results"][0]] == ["@timestamp", "@message", "@ptr"]
    assert found["statistics"]["recordsScanned"] == len(LINES)
    assert found["statistics"]["recordsMatched"] == 1


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("ms > 9", 3),
        ("ms >= 9 and level = 'INFO'", 3),
        ("level = 'ERROR' or path = '/cart'", 2),
        ("not (level = 'INFO')", 3),
        ("level in ['ERROR', 'WARN']", 1),
        ("level not in ['ERROR', 'WARN']", 5),
        ("ms in [9, 10]", 2),
        ("@message like 'status'", 1),
        ("@message not like 'level'", 2),
        ("@message =~ /took \\d+ms/", 1),
        ("strlen(level) = 5", 1),
        ("ms / 10 = 25", 1),
        ("ms * 2 - 10 = 10", 1),
        ("abs(0 - ms) = 10", 1),
        ("`user.id` = 'bob'", 1),
        ("@logStream = 'one' and @log like 'shop'", 6),
        ("""path = "O'Brien \\" \\\\ --" """, 1),
        ("missing = 'x'", 0),
    ],
)
def test_conditions_let_through_what_they_say(service: Service, condition: str, count: int) -> None:
    assert len(rows(service, f"fields @message | filter {condition}")) == count


def test_statistics_are_grouped_by_time_and_fields(service: Service) -> None:
    found = rows(
        service,
        "filter ispresent(ms) | stats count(*) as n, avg(ms), max(ms) as worst, pct(ms, 50) by bin(1m) as minute, level"
        " | sort minute asc, n desc, level asc",
    )
    minute = time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime(NOW))
    assert found[:2] == [
        {"minute": minute, "level": "ERROR", "n": "1", "avg(ms)": "250", "worst": "250", "pct(ms, 50)": "250"},
        {"minute": minute, "level": "INFO", "n": "1", "avg(ms)": "10", "worst": "10", "pct(ms, 50)": "10"},
    ]
    assert [one["n"] for one in found] == ["1", "1", "2"]
    assert rows(service, "stats count(*), count_distinct(level) as levels, sum(ms)") == [
        {"count(*)": "6", "levels": "2", "sum(ms)": "299"}
    ]


def test_patterns_take_fields_out_of_a_text(service: Service) -> None:
    found = rows(
        service,
        'parse @message "user=* status=* took *ms" as who, code, took | filter ispresent(who) | display who, code, took',
    )
    assert found == [{"who": "cyd", "code": "404", "took": "5"}]
    found = rows(
        service, "parse @message /user=(?<who>\\w+) status=(?<code>\\d+)/ | filter code >= 400 | display who, code"
    )
    assert found == [{"who": "cyd", "code": "404"}]


def test_sort_limit_and_dedup(service: Service) -> None:
    found = rows(service, "fields ms | filter ispresent(ms) | sort ms desc | limit 2")
    assert [one["ms"] for one in found] == ["250", "30"]
    assert len(rows(service, "fields level | filter ispresent(level) | dedup level")) == 2
    assert len(answer(service, "fields @message", limit=3)["results"]) == 3


def test_a_query_that_cannot_be_read_is_refused_with_the_place(service: Service) -> None:
    logs = service.client("logs")
    with pytest.raises(ClientError) as caught:
        logs.start_query(logGroupName="/shop", startTime=0, endTime=1, queryString="fields @message | filtre x")
    error = caught.value.response
    assert error["Error"]["Code"] == "MalformedQueryException"
    assert error["queryCompileError"]["location"] == {"startCharOffset": 18, "endCharOffset": 24}


def test_queries_are_described_and_belong_to_their_account(service: Service) -> None:
    query = answer(service, "limit 1") and service.client("logs").describe_queries(logGroupName="/shop")["queries"][0]
    assert (query["queryString"], query["status"]) == ("limit 1", "Complete")
    other = service.client("logs", account="111111111111")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        other.get_query_results(queryId=query["queryId"])
    with pytest.raises(ClientError, match="InvalidParameterException"):
        service.client("logs").stop_query(queryId=query["queryId"])


COMMANDS = st.sampled_from(
    ["fields", "filter", "stats", "sort", "limit", "parse", "display", "|", "by", "as", "like", "in", "[", "]", "(", ")", ",", "@message",
     "ms", "'a'", '"*b"', "/x(?<y>.)/", "3", "5m", "count(*)", "bin(5m)", "sum(", "=", "<", "and", "not", "-", "/", "desc", "dedup", "`q`"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(COMMANDS, max_size=14).map(" ".join) | st.text(max_size=40))
def test_any_text_is_a_query_that_runs_or_is_refused_with_a_place(text: str) -> None:
    try:
        compiled = compile_query(text, 10)
    except MalformedQueryException as error:
        assert "position" in str(error)
        return
    columns = ", ".join(f'"{name}" {"JSON" if name == "doc" else kind}' for name, kind in COLUMNS.items())
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE events ({columns})")
        connection.execute(compiled.sql, compiled.values).fetchall()
