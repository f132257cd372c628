"""What /metrics counts."""

from __future__ import annotations

import httpx
import pytest
from botocore.exceptions import ClientError
from prometheus_client.parser import text_string_to_metric_families


def samples(service) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by its name and labels."""
    families = text_string_to_metric_families(httpx.get(f"{service.url}/metrics").text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def test_invocations_are_counted_by_variant_and_status(service, shared_container):
    service.route("counted", {"v": (1, [shared_container.instance()])})
    client = service.client()
    for body in (b"1", b"2", b"sleep 0.2", b"status 500 no"):
        if body.startswith(b"status"):
            with pytest.raises(ClientError):
                client.invoke_endpoint(EndpointName="counted", Body=body)
        else:
            client.invoke_endpoint(EndpointName="counted", Body=body)
    found = samples(service)
    place = (("account", "000000000000"), ("endpoint", "counted"), ("region", "us-east-1"), ("variant", "v"))

    def value(name, *labels):
        return found[name, tuple(sorted((*place, *labels)))]

    assert value("endpoints_invocations_total", ("code", "200")) == 3
    assert value("endpoints_invocations_total", ("code", "424")) == 1
    assert value("endpoints_model_latency_seconds_count") == 4
    assert value("endpoints_model_latency_seconds_sum") >= 0.2
    # The container's time is no overhead.
    assert value("endpoints_overhead_latency_seconds_sum") < value("endpoints_model_latency_seconds_sum")


def test_made_up_endpoint_names_make_no_series(service):
    client = service.client()
    for number in range(3):
        with pytest.raises(ClientError):
            client.invoke_endpoint(EndpointName=f"made-up-{number}", Body=b"1")
    found = samples(service)
    assert not any("made-up" in value for _, labels in found for _, value in labels)
    assert found["endpoints_rejected_total", (("code", "ValidationError"),)] >= 3
