"""What is sent, through the service's API."""

from __future__ import annotations

import re
import signal

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ROWS = [f"{number},{number}" for number in range(20)]
PLAN = {"endpoint": "clinical", "rate": 200, "seed": 3, "source": ROWS, "running": True}


def test_requests_are_signed_invocations_with_a_trace_each(traffic, aws, eventually):
    traffic.put(**PLAN, content_type="text/csv").raise_for_status()
    eventually(lambda: len(aws.requests) >= 2)
    traces = set()
    for path, headers, body in aws.requests[:2]:
        assert path == "/endpoints/clinical/invocations"
        assert headers["content-type"] == "text/csv"
        assert body.decode() in ROWS
        traces.add(headers["x-amzn-sagemaker-custom-attributes"])
        assert signature(path, headers, body, aws.url) == headers["authorization"].rpartition("Signature=")[2]
    assert len(traces) == 2
    assert all(re.fullmatch(r"traceparent=00-[0-9a-f]{32}-[0-9a-f]{16}-01", trace) for trace in traces)


def signature(path: str, headers: dict[str, str], body: bytes, url: str) -> str:
    """What AWS computes from what arrived."""
    signed = re.search("SignedHeaders=([^,]+)", headers["authorization"]).group(1).split(";")
    request = AWSRequest("POST", f"{url}{path}", {name: headers[name] for name in signed}, body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials("000000000000", "test"), "sagemaker", "us-east-1")
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


def test_same_seed_sends_the_same_rows_and_another_does_not(traffic, aws, eventually):
    first_eight = []
    for seed in (3, 3, 4):
        aws.requests.clear()
        aws.release.clear()  # so that no more than eight are sent: those in flight may arrive in any order
        traffic.put(**{**PLAN, "seed": seed})
        eventually(lambda: len(aws.requests) == 8)
        first_eight.append(sorted(aws.bodies))
        traffic.put(running=False)
        aws.release.set()
        eventually(lambda: traffic.get("/stats")["in_flight"] == 0)
    assert first_eight[0] == first_eight[1]
    assert first_eight[0] != first_eight[2]


def test_rate_changes_while_it_runs(traffic, aws, eventually):
    traffic.put(**{**PLAN, "rate": 0.001}).raise_for_status()
    eventually(lambda: len(aws.requests) == 1)  # the next would be due in a quarter of an hour
    traffic.put(rate=100).raise_for_status()
    eventually(lambda: len(aws.requests) >= 20)
    assert traffic.get("/traffic") == {**PLAN, "rate": 100.0, "content_type": "text/csv"}


def test_stopped_traffic_sends_nothing_more(traffic, aws, eventually):
    traffic.put(**PLAN)
    eventually(lambda: len(aws.requests) >= 5)
    traffic.put(running=False)
    stats = eventually(lambda: (s := traffic.get("/stats"))["in_flight"] == 0 and s)
    httpx.get(f"{traffic.url}/metrics").raise_for_status()
    assert traffic.get("/stats")["sent"] == stats["sent"] == len(aws.requests)


def test_slow_endpoint_is_not_piled_up_on_and_drops_are_counted(traffic, aws, eventually):
    aws.release.clear()
    traffic.put(**PLAN)
    stats = eventually(lambda: (s := traffic.get("/stats"))["dropped"] >= 20 and s)
    assert stats["in_flight"] == 8
    aws.release.set()
    eventually(lambda: traffic.get("/stats")["ok"] >= 20)
    assert aws.most_held <= 8


def test_errors_are_counted_by_code_and_traffic_goes_on(traffic, aws, eventually):
    aws.failure = (424, "ModelError:http://internal.amazon.com/coral/")
    traffic.put(**PLAN)
    eventually(lambda: traffic.get("/stats")["errors"].get("ModelError", 0) >= 3)
    aws.stop()
    eventually(lambda: traffic.get("/stats")["errors"].get("ConnectError", 0) >= 3)
    aws.failure = None
    aws.start()
    eventually(lambda: traffic.get("/stats")["ok"] >= 3)
    traffic.put(running=False)
    stats = eventually(lambda: (s := traffic.get("/stats"))["in_flight"] == 0 and s)
    assert stats["sent"] == stats["ok"] + sum(stats["errors"].values())
    assert stats["last_minute"]["latency_seconds"]["p50"] > 0
    exposed = httpx.get(f"{traffic.url}/metrics").text
    assert f'traffic_requests_total{{code="200",endpoint="clinical"}} {float(stats["ok"])}' in exposed


def test_plan_survives_kill_9_and_goes_on_by_itself(traffic, aws, eventually):
    traffic.put(**PLAN).raise_for_status()
    traffic.end(signal.SIGKILL)
    aws.requests.clear()
    traffic.start()
    eventually(lambda: len(aws.requests) >= 10)
    assert traffic.get("/traffic")["rate"] == 200


def test_rows_come_from_s3(traffic, aws, eventually):
    aws.objects["/data/held-out/rows.csv"] = b"1,2\n3,4\n\n"
    traffic.put(**{**PLAN, "source": "s3://data/held-out/rows.csv"}).raise_for_status()
    eventually(lambda: len(aws.requests) >= 20)
    assert set(aws.bodies) == {"1,2", "3,4"}
    assert traffic.get("/")["rows"] == 2


def test_object_that_is_not_there_is_refused_and_the_old_plan_goes_on(traffic, aws, eventually):
    traffic.put(**PLAN)
    answer = traffic.put(source="s3://data/nothing.csv")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "source_unreadable")
    assert "NoSuchKey" in answer.json()["error"]["message"]
    seen = len(aws.requests)
    eventually(lambda: len(aws.requests) > seen)
    assert traffic.get("/traffic")["source"] == ROWS


def test_restart_while_s3_is_away_says_so_and_begins_when_it_is_back(traffic, aws, eventually):
    aws.objects["/data/rows.csv"] = b"1,2"
    traffic.put(**{**PLAN, "source": "s3://data/rows.csv"}).raise_for_status()
    traffic.end()
    aws.stop()
    traffic.start()
    error = eventually(lambda: traffic.get("/")["source_error"])
    assert "s3://data/rows.csv" in error
    aws.requests.clear()
    aws.start()
    eventually(lambda: len(aws.requests) >= 3)
    assert traffic.get("/")["source_error"] is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"running": True}, "running needs endpoint and source"),
        ({"rate": 0}, "rate"),
        ({"source": []}, "source"),
        ({"source": "http://host/rows.csv"}, "source"),
        ({"endpoint": "a/b"}, "endpoint"),
        ({"content_type": "a\r\nX: y"}, "content_type"),
        ({"speed": 3}, "speed"),
    ],
)
def test_invalid_plan_is_refused_and_says_why(traffic, fields, words):
    before = traffic.get("/traffic")
    answer = traffic.put(**fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_plan")
    assert words in answer.json()["error"]["message"]
    assert traffic.get("/traffic") == before


def test_sigterm_ends_it_though_an_endpoint_hangs(traffic, aws, eventually):
    aws.release.clear()
    traffic.put(**PLAN)
    eventually(lambda: aws.held)
    assert traffic.end() in (0, -signal.SIGTERM)
