"""What batching gives the model container, with a forward pass that takes 5 ms whatever is in it, as a small one on a GPU does.

The same container twice, with batches of one and of 64, asked by the same client with 64 connections in turns.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from data_plane import Target, free_port, server

from obsiverse.components import python_environment

ROOT = Path(__file__).resolve().parents[1]
CLIENTS, ROUNDS, SECONDS = 64, 5, 2.0
GOAL = 8
HANDLERS = """
import time

def model_fn(model_dir):
    return None

def predict_fn(data, model):
    time.sleep(0.005)
    return [0.5] * len(data)
"""


def main() -> None:
    """Print both, and their ratio."""
    python = python_environment(ROOT / "services/model", ROOT / ".obsiverse/venvs")
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        code = folder / "model" / "code"
        code.mkdir(parents=True)
        (code / "inference.py").write_text(HANDLERS)
        found: dict[int, Target] = {}
        for size in (1, CLIENTS):
            port = free_port()
            environment = {
                "SAGEMAKER_BASE_DIR": name,
                "SAGEMAKER_BIND_TO_PORT": str(port),
                "SAGEMAKER_TS_BATCH_SIZE": str(size),
                "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            }
            command = [str(python), "-m", "obsiverse_model", "serve"]
            url = running.enter_context(server(command, port, "/ping", **environment))
            found[size] = Target(f"batches of {size}", f"{url}/invocations")
        rates: dict[int, list[float]] = {size: [] for size in found}
        for target in found.values():
            target.measure(CLIENTS, 1, folder)  # warm
        for number in range(ROUNDS):
            for size in found if number % 2 == 0 else reversed(found):
                rates[size].append(found[size].measure(CLIENTS, SECONDS, folder)["requests_per_second"])
    for size, target in found.items():
        print(f"{target.name:<16}{statistics.median(rates[size]):8,.0f} req/s with {CLIENTS} clients")
    gain = statistics.median(many / one for one, many in zip(rates[1], rates[CLIENTS], strict=True))
    print(f"gain            {gain:8.1f} x    goal {GOAL} x")


if __name__ == "__main__":
    main()
