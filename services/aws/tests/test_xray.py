"""X-Ray through the edge: the data plane's answers, its check of signatures, and a reset that reaches it."""

from __future__ import annotations

import json
import secrets
import time
import urllib.request

import pytest
from botocore.exceptions import ClientError
from platform_under_test import REGION, Platform


def put(xray, name="shop"):
    now = time.time()
    trace_id = f"1-{int(now):08x}-{secrets.token_hex(12)}"
    segment = {"trace_id": trace_id, "id": secrets.token_hex(8), "name": name, "start_time": now - 1, "end_time": now}
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])
    assert answer["UnprocessedTraceSegments"] == []
    return trace_id


def test_segments_go_to_the_data_plane_and_come_from_it(observed: Platform):
    xray = observed.client("xray")
    trace_id = put(xray)
    [trace] = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    assert json.loads(trace["Segments"][0]["Document"])["name"] == "shop"
    assert observed.client("xray", region="eu-west-1").batch_get_traces(TraceIds=[trace_id])["Traces"] == []


def test_errors_are_those_of_aws(observed: Platform):
    xray = observed.client("xray")
    with pytest.raises(xray.exceptions.InvalidRequestException, match="position 1"):
        xray.get_trace_summaries(StartTime=time.time() - 60, EndTime=time.time(), FilterExpression="nonsense")
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        observed.client("xray", secret="wrong").get_groups()


def test_a_reset_forgets_traces_and_settings(observed: Platform):
    account = "222222222222"
    xray = observed.client("xray", account=account, region=REGION)
    trace_id = put(xray)
    xray.create_group(GroupName="mine", FilterExpression="fault")
    url = f"{observed.edge_url}/_obsiverse/accounts/{account}/reset"
    urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=60).close()
    assert xray.batch_get_traces(TraceIds=[trace_id])["UnprocessedTraceIds"] == [trace_id]
    assert xray.get_groups()["Groups"] == []
