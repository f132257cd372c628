"""What the model container's spans and metrics cost: InvokeEndpoint of the same container with and without them.

Both serve through a data plane of their own; the spans of every request and the metrics go to a server that only takes them. The same client
asks both in turns, with 16 connections.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

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
        rates: dict[str, list[float]] = {way: [] for way in found}
        for target in found.values():
            target.measure(CONCURRENT, 1, folder)  # warm
        for number in range(ROUNDS):
            for way in found if number % 2 == 0 else reversed(found):
                rates[way].append(found[way].measure(CONCURRENT, SECONDS, folder)["requests_per_second"])
    for way, samples in rates.items():
        print(f"{way + ' spans and metrics':<28}{statistics.median(samples):8,.0f} req/s with {CONCURRENT} clients")
    share = statistics.median(on / off for off, on in zip(rates["without"], rates["with"], strict=True))
    print(f"{'share':<28}{share:8.0%}       goal {GOAL:.0%}")


if __name__ == "__main__":
    main()
