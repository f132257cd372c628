"""A model container of a few lines: `train` writes a model and logs metrics, `serve` answers /ping and /invocations.

What it does wrong, on request, is in its hyperparameters and in the files of its model.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BASE = Path(os.environ["SAGEMAKER_BASE_DIR"])


def train() -> None:
    """Learn the number of bytes of the training data."""
    config = BASE / "input" / "config"
    hyperparameters = json.loads((config / "hyperparameters.json").read_text())
    resources = json.loads((config / "resourceconfig.json").read_text())
    channels = json.loads((config / "inputdataconfig.json").read_text())
    files = sorted(file for name in channels for file in (BASE / "input" / "data" / name).rglob("*") if file.is_file())
    say(f"training on {resources['current_host']} with {[str(f.relative_to(BASE / 'input' / 'data')) for f in files]}")
    for epoch in range(int(hyperparameters.get("epochs", "2"))):
        say(f"epoch={epoch} loss={1 / (epoch + 2)};")
    if "failure" in hyperparameters:
        folder = BASE / "output"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "failure").write_text(hyperparameters["failure"])
        sys.exit(2)
    if "crash" in hyperparameters:
        sys.exit(hyperparameters["crash"])
    model = BASE / "model"
    model.mkdir(parents=True, exist_ok=True)
    (model / "model.json").write_text(
        json.dumps({"bytes": sum(file.stat().st_size for file in files), "greeting": os.environ.get("GREETING", "")})
    )
    if "output" in hyperparameters:
        folder = BASE / "output" / "data"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.txt").write_text(hyperparameters["output"])
    if "wait" in hyperparameters:
        stopped = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        say("waiting to be stopped")
        stopped.wait()


def serve() -> None:
    """Answer with the model, its environment and the request."""
    many = os.environ.get("SAGEMAKER_MULTI_MODEL") == "true"
    model = {} if many else json.loads((BASE / "model" / "model.json").read_text())
    if "crash" in model:
        sys.exit(model["crash"])
    models: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "mute" in model:
                threading.Event().wait()
            self.answer(200 if self.path == "/ping" else 404, b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/models":
                asked = json.loads(body)
                file = BASE / Path(asked["url"]).relative_to("/opt/ml") / "model.json"
                models[asked["model_name"]] = json.loads(file.read_text())
                self.answer(200, b"")
                return
            if self.path.startswith("/models/"):
                self.answer(200, json.dumps({"model": models[self.path.split("/")[2]]}).encode())
                return
            if body == b"die":
                os._exit(9)
            if body == b"close":
                self.close_connection = True
                self.connection.close()
                return
            if body.startswith(b"sleep "):
                time.sleep(float(body.split()[1]))
            if body == b"fail":
                self.answer(500, b"the model failed")
                return
            text = body.decode("latin-1")
            say(f"invoked with {text}")
            answer = {"model": model, "body": text, "pid": os.getpid(), "env": dict(os.environ)}
            self.answer(200, json.dumps(answer).encode())

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    say("serving")
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()


def say(line: str) -> None:
    """Write a line to the log."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    {"train": train, "serve": serve}[sys.argv[1]]()
