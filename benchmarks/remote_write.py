"""Remote write through the signed data plane against writing to Prometheus itself, the same samples by the same client in turns.

Starts a Prometheus and a data plane of its own; needs no stack.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from data_plane import free_port, server

from obsiverse.components import get, python_environment

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "services/telemetry/tests"))
from remote_write import HEADERS, write_request  # noqa: E402

ACCOUNT, REGION, WORKSPACE = "000000000000", "us-east-1", "ws-00000000-0000-0000-0000-000000000000"
SERIES, REQUESTS, SENDERS, ROUNDS = 2000, 80, 2, 5
"""Samples of a request, requests and connections of one measurement, and measurements of each way."""
GOAL_RATE, GOAL_SHARE = 50_000, 0.7


def bodies(name: str) -> list[bytes]:
    """Requests of a sample for each series, a millisecond later in each."""
    labels = [
        {"__name__": name, "endpoint": "clinical", "variant": "AllTraffic", "instance": str(number)}
        for number in range(SERIES)
    ]
    now = time.time()
    return [write_request((one, 1.0, now + number / 1000) for one in labels) for number in range(REQUESTS)]


def signed(url: str, body: bytes) -> dict[str, str]:
    """The headers of a request; to Prometheus they go as well, so that the client does the same."""
    request = AWSRequest("POST", url, dict(HEADERS), body)
    SigV4Auth(Credentials(ACCOUNT, "test"), "aps", REGION).add_auth(request)
    return dict(request.headers.items())


def rate(url: str, name: str) -> float:
    """Samples a second."""
    parts = [bodies(f"{name}_{sender}") for sender in range(SENDERS)]
    failed: list[str] = []

    def send(of_sender: list[bytes]) -> None:
        with httpx.Client(timeout=30) as client:
            for body in of_sender:
                answer = client.post(url, content=body, headers=signed(url, body))
                if not answer.is_success:
                    failed.append(answer.text)
                    return

    threads = [threading.Thread(target=send, args=[part]) for part in parts]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if failed:
        raise SystemExit(f"{urlsplit(url).path}: {failed[0]}")
    return SENDERS * REQUESTS * SERIES / took


def main() -> None:
    """Print both rates and their ratio."""
    python = python_environment(ROOT / "services/telemetry", ROOT / ".obsiverse/venvs")
    prometheus, telemetry = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "prometheus.yml").write_text("")
        command = [
            str(get("prometheus").path),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{prometheus}",
            "--web.enable-remote-write-receiver",
        ]
        settings = {
            "TELEMETRY_LISTEN": f"127.0.0.1:{telemetry}",
            "TELEMETRY_DATA": str(folder / "telemetry"),
            "TELEMETRY_PROMETHEUS": f"127.0.0.1:{prometheus}",
        }
        with (
            server(command, prometheus, "/-/ready") as direct,
            server([str(python), "-m", "obsiverse_telemetry"], telemetry, "/health", **settings) as plane,
        ):
            upstreams = {"prometheus": direct, "alertmanager": "http://127.0.0.1:1"}
            httpx.put(
                f"{plane}/_obsiverse/workspaces/{ACCOUNT}/{REGION}/{WORKSPACE}", json=upstreams
            ).raise_for_status()
            urls = {
                "direct": f"{direct}/api/v1/write",
                "plane": f"{plane}/workspaces/{WORKSPACE}/api/v1/remote_write",
            }
            rates: dict[str, list[float]] = {way: [] for way in urls}
            for way, url in urls.items():
                rate(url, f"warm_{way}")
            for number in range(ROUNDS):
                for way in urls if number % 2 == 0 else reversed(urls):
                    rates[way].append(rate(urls[way], f"round_{number}_{way}"))
    share = statistics.median(plane / direct for direct, plane in zip(*rates.values(), strict=True))
    print(f"to Prometheus         {statistics.median(rates['direct']):10,.0f} samples/s")
    print(f"through the data plane{statistics.median(rates['plane']):10,.0f} samples/s   goal {GOAL_RATE:,}")
    print(f"share                 {share:10.0%}             goal {GOAL_SHARE:.0%}")


if __name__ == "__main__":
    main()
