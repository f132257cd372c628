"""Captured lines, and their files until they are in S3."""

from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_endpoints.capture import Capture, line
from obsiverse_endpoints.capture_files import MAX_BYTES, CaptureFiles, Place
from outcomes import KEY, NOW, document, outcome

PLACE = Place(KEY, "AllTraffic", "s3://bucket/some/prefix/")


def test_a_line_is_byte_for_byte_what_sagemaker_writes():
    captured = outcome(**{"X-Amzn-SageMaker-Inference-Id": "i-1"})
    captured.exchange.id = "6d9b11f5"
    assert line(document(), captured, NOW) == (
        b'{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"1,2","encoding":"CSV"},'
        b'"endpointOutput":{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT","data":"0.5","encoding":"CSV"}},'
        b'"eventMetadata":{"eventId":"6d9b11f5","inferenceId":"i-1","inferenceTime":"2026-03-04T05:06:07Z"},'
        b'"eventVersion":"0"}\n'
    )


@given(st.binary(max_size=200), st.sampled_from(["text/csv", "application/json", "image/png", ""]))
def test_any_body_can_be_read_back(body, content_type):
    written = json.loads(line(document(), outcome(body=body, content_type=content_type), NOW))
    side = written["captureData"]["endpointInput"]
    read = base64.b64decode(side["data"]) if side["encoding"] == "BASE64" else side["data"].encode()
    assert read == body


@pytest.mark.parametrize(
    ("given_modes", "sides"), [((True, False), {"endpointInput"}), ((False, True), {"endpointOutput"})]
)
def test_only_the_sides_asked_for_are_captured(given_modes, sides):
    captured = json.loads(line(document(input=given_modes[0], output=given_modes[1]), outcome(), NOW))
    assert set(captured["captureData"]) == sides


def test_without_content_types_everything_is_base64():
    captured = json.loads(line(document(csv_types=[], json_types=[]), outcome(), NOW))
    assert captured["captureData"]["endpointInput"]["encoding"] == "BASE64"


def test_the_sample_has_its_size_and_holds_no_failures(tmp_path):
    files = CaptureFiles(tmp_path, 10)
    capture = Capture(files, random.Random(3))
    configured = document(percentage=25).model_dump()
    for _ in range(1000):
        capture.saw(outcome(capture=configured))
        capture.saw(outcome(capture=configured, status=500))
        capture.saw(outcome())
    files.close_due()
    [closed] = files.closed()
    assert files.read(closed).count(b"\n") == pytest.approx(250, abs=85), "six standard deviations"


def test_a_file_has_sagemaker_s_key(tmp_path):
    files = CaptureFiles(tmp_path, 10)
    files.append(PLACE, b"{}\n", NOW)
    files.close_due(NOW + 10)
    [closed] = files.closed()
    assert (closed.account, closed.region, closed.bucket) == ("111111111111", "eu-west-1", "bucket")
    folder, name = closed.object_key.rsplit("/", 1)
    assert folder == "some/prefix/e/AllTraffic/2026/03/04/05"
    assert name.startswith("06-07-089-")
    assert name.endswith(".jsonl")


def test_a_file_is_closed_when_it_is_old_or_large(tmp_path):
    files = CaptureFiles(tmp_path, 10)
    files.append(PLACE, b"{}\n", NOW)
    files.close_due(NOW + 9)
    assert not list(files.closed())
    files.append(PLACE, b"x" * MAX_BYTES, NOW)
    files.close_due(NOW + 9)
    assert len(list(files.closed())) == 1


def test_lines_of_a_killed_process_are_found_and_a_torn_one_is_left_out(tmp_path):
    files = CaptureFiles(tmp_path, 10)
    files.append(PLACE, b'{"a":1}\n', NOW)
    files.append(PLACE, b'{"torn', NOW)
    successor = CaptureFiles(tmp_path, 10)
    [closed] = successor.closed()
    assert successor.read(closed) == b'{"a":1}\n'
    successor.delete(closed)
    assert not list(tmp_path.iterdir())


def test_a_line_that_can_not_be_written_is_counted_and_fails_nothing(tmp_path):
    folder = tmp_path / "capture"
    files = CaptureFiles(folder, 10)
    folder.rmdir()
    files.append(PLACE, b"{}\n", NOW)
    assert files.lost == 1
