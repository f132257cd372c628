"""Train the network on one CSV, measure it on another that it never sees, and log the run to MLflow if there is one."""

import argparse
import csv
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import network
import torch
from torch import Tensor, nn

BATCH = 32
EXPERIMENT = "clinical"
REGISTERED_MODEL = "clinical"


class Run:
    """A run in MLflow, or nowhere."""

    def __init__(self, client: object | None = None, run_id: str = "") -> None:
        self._client = client
        self._id = run_id

    @classmethod
    @contextmanager
    def start(cls, parameters: dict[str, object]) -> Iterator["Run"]:
        """Begin a run, which ends as FAILED if the block raises. Without MLFLOW_TRACKING_URI nothing is logged."""
        if not os.environ.get("MLFLOW_TRACKING_URI"):
            print("MLFLOW_TRACKING_URI is not set: the run is not logged", flush=True)
            yield cls()
            return
        import mlflow

        mlflow.set_experiment(EXPERIMENT)
        with mlflow.start_run(run_name=os.environ.get("TRAINING_JOB_NAME")) as run:
            print(f"mlflow run={run.info.run_id}", flush=True)
            mlflow.log_params(parameters)
            yield cls(mlflow.MlflowClient(), run.info.run_id)

    def log(self, step: int, **metrics: float) -> None:
        """Log metrics of a step."""
        if self._client is not None:
            import mlflow

            mlflow.log_metrics(metrics, step=step)

    def register(self, folder: str) -> None:
        """Log the model's files, and make them a version of the registered model."""
        if self._client is None:
            return
        import mlflow
        from mlflow.exceptions import RestException

        mlflow.log_artifacts(folder, "model")
        try:
            self._client.create_registered_model(REGISTERED_MODEL)
        except RestException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        version = self._client.create_model_version(REGISTERED_MODEL, mlflow.get_artifact_uri("model"), self._id)
        print(f"mlflow model={REGISTERED_MODEL} version={version.version}", flush=True)


def read(folder: str) -> tuple[Tensor, Tensor]:
    """Features (rows, 30) and labels (rows) of the CSV files in a channel."""
    rows: list[list[float]] = []
    for file in sorted(Path(folder).glob("*.csv")):
        with file.open(newline="") as lines:
            _names, *cells = csv.reader(lines)
            rows += [[float(cell) for cell in row] for row in cells]
    table = torch.tensor(rows)
    return table[:, 1:], table[:, 0]


def train(features: Tensor, labels: Tensor, options: argparse.Namespace, device: str, run: Run) -> network.Network:
    """Fit a network."""
    torch.manual_seed(options.seed)
    model = network.Network(features.shape[1], options.hidden)
    model.fit_scale(features)
    model.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr, weight_decay=0.01)
    loss_fn = nn.BCEWithLogitsLoss()
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for chosen in torch.randperm(len(features)).split(BATCH):
            optimizer.zero_grad()
            loss = loss_fn(model(features[chosen].to(device)), labels[chosen].to(device))
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        if epoch % 10 == 0 or epoch == options.epochs:
            print(f"epoch={epoch} train loss={total / len(features):.4f};", flush=True)
            run.log(epoch, train_loss=total / len(features))
    return model.eval()


def accuracy(model: network.Network, features: Tensor, labels: Tensor, device: str) -> float:
    """Share of rows whose label the model gives."""
    with torch.inference_mode():
        return ((model(features.to(device)) >= 0).cpu() == labels.bool()).float().mean().item()


def main() -> None:
    """Train, measure, save the model with the code that serves it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--lr", type=float, default=0.003)
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--test", default=os.environ.get("SM_CHANNEL_TEST"))
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # One thread: the sums of several come in another order each time, and the data is small.
    torch.set_num_threads(1)
    features, labels = read(options.train)
    held_out, held_out_labels = read(options.test)
    print(f"{len(features)} rows to train on, {len(held_out)} held out, device {device}", flush=True)
    with Run.start({name: getattr(options, name) for name in ("epochs", "lr", "hidden", "seed")}) as run:
        model = train(features, labels, options, device, run)
        reached = accuracy(model, held_out, held_out_labels, device)
        print(f"held-out accuracy={reached:.6f};", flush=True)
        run.log(options.epochs, accuracy=reached)
        code = Path(options.model_dir) / "code"
        code.mkdir(parents=True, exist_ok=True)
        for name in ("inference.py", "network.py"):
            shutil.copy(Path(__file__).parent / name, code)
        network.save(model.cpu(), str(Path(options.model_dir) / "model.pt"))
        run.register(options.model_dir)


if __name__ == "__main__":
    main()
