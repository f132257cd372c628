"""What the model container's spans and metrics cost: InvokeEndpoint of the same container with and without them.

Both serve through a data plane of their own; spans, as X-Ray's default samples them, and metrics go to a server that only
takes them. The same client asks both in turns, with 16 connections. The processor time of container and data plane for a
request says what the rate says, also where something else runs.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from data_plane import CONCURRENT, ENDPOINT, NOWHERE, PROCESSES, Target, free_port, put_route, server

from obsiverse.components import python_environment

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, SECONDS = 7, 3.0
GOAL = 0.9
HANDLERS = """
def model_fn(model_dir):
    return None

def predict_fn(data, model):
    return [0.5] * len(data)
"""


def main() -> None:
    """Print both, and their ratio."""
    model, endpoints = (
        python_environment(ROOT / "services" / name, ROOT / ".obsiverse/venvs") for name in ("model", "endpoints")
    )
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        code = folder / "model" / "code"
        code.mkdir(parents=True)
        (code / "inference.py").write_text(HANDLERS)
        port = free_port()
        command = [str(endpoints), str(PROCESSES), "model", str(port), "0"]
        sink = running.enter_context(server(command, port, "/"))
        found: dict[str, Target] = {}
        processes: dict[str, list[psutil.Process]] = {}
        for way, more in {"without": {}, "with": {"OTEL_EXPORTER_OTLP_ENDPOINT": sink}}.items():
            port = free_port()
            environment = {
                "SAGEMAKER_BASE_DIR": name,
                "SAGEMAKER_BIND_TO_PORT": str(port),
                "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
                **more,
            }
            container = running.enter_context(
                server([str(model), "-m", "obsiverse_model", "serve"], port, "/ping", **environment)
            )
            port = free_port()
            settings = {
                "ENDPOINTS_LISTEN": f"127.0.0.1:{port}",
                "ENDPOINTS_DATA": str(folder / way),
                "ENDPOINTS_AWS": NOWHERE,
            }
            plane = running.enter_context(
                server([str(endpoints), "-m", "obsiverse_endpoints"], port, "/health", **settings)
            )
            put_route(plane, container)
            found[way] = Target(way, f"{plane}/endpoints/{ENDPOINT}/invocations")
            processes[way] = [listener(url) for url in (container, plane)]
        rates: dict[str, list[float]] = {way: [] for way in found}
        costs: dict[str, list[float]] = {way: [] for way in found}
        for target in found.values():
            target.measure(CONCURRENT, 1, folder)  # warm
        for number in range(ROUNDS):
            for way in found if number % 2 == 0 else reversed(found):
                before = used(processes[way])
                rate = found[way].measure(CONCURRENT, SECONDS, folder)["requests_per_second"]
                rates[way].append(rate)
                costs[way].append((used(processes[way]) - before) / (rate * SECONDS))
    for way, samples in rates.items():
        cost = 1e6 * statistics.median(costs[way])
        print(
            f"{way + ' spans and metrics':<28}{statistics.median(samples):8,.0f} req/s, {cost:4.0f} µs of processor time a request"
        )
    share = statistics.median(on / off for off, on in zip(rates["without"], rates["with"], strict=True))
    by_time = statistics.median(off / on for off, on in zip(costs["without"], costs["with"], strict=True))
    print(f"{'share':<28}{share:8.0%}       by processor time {by_time:.0%}, goal {GOAL:.0%}")


def listener(url: str) -> psutil.Process:
    """The process that listens at a URL's port."""
    port = urlsplit(url).port
    [pid] = {
        one.pid for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN and one.laddr.port == port
    }
    return psutil.Process(pid)


def used(processes: list[psutil.Process]) -> float:
    """Seconds of processor time so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


if __name__ == "__main__":
    main()
