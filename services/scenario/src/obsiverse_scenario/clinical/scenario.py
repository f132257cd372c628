"""The scenario: data, training, deployment, a prediction, traffic."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from obsiverse_scenario import observability, traffic, training
from obsiverse_scenario.account import Account
from obsiverse_scenario.clinical import archive, data
from obsiverse_scenario.deployment import Endpoint
from obsiverse_scenario.errors import ScenarioError, WrongAnswer
from obsiverse_scenario.settings import Settings
from obsiverse_scenario.steps import Steps

NAME = "clinical"
SEED = 0
HYPERPARAMETERS = {"epochs": 60, "lr": 0.003, "hidden": 32, "seed": SEED}
METRICS = {"accuracy": r"held-out accuracy=([0-9.]+);", "train:loss": r"train loss=([0-9.]+);"}
REQUIRED_ACCURACY = 0.95
REQUESTS_PER_SECOND = 5
# Where training rounds its accuracy.
_TOLERANCE = 1e-4
_RELEASE_TAG = "obsiverse:release"
_JOB_TAG = "obsiverse:training-job"


class Clinical:
    """One run of the scenario."""

    def __init__(self, settings: Settings, show: Callable[[str], None]) -> None:
        self._settings = settings
        self._account = Account(settings)
        self._endpoint = Endpoint(self._account, NAME)
        self._steps = Steps(show)
        self._train, self._held_out = data.split(data.load(), SEED)
        self._source = archive.sourcedir()
        self._release = self._hash()

    def run(self, force: bool = False) -> dict[str, Any]:
        """Run what is not done already; the result, which is also written to result.json.

        Args:
            force: train and deploy also where the endpoint serves this very release.

        Raises:
            ScenarioError: a step failed, or the model is not as good as it must be.
        """
        with self._steps.step("data and source to S3"):
            prefixes = self._upload()
        job = None if force else self._already_deployed()
        trained = job is None
        if job is None:
            job = new_job_name()
            self._train_and_deploy(job, prefixes)
        with self._steps.step("held-out rows through the endpoint"):
            accuracy = self._measure()
        if accuracy < REQUIRED_ACCURACY:
            raise WrongAnswer(
                f"the endpoint reaches {accuracy:.4f}, and needs {REQUIRED_ACCURACY}", "Run with --force."
            )
        if trained:
            self._endpoint.tag({_RELEASE_TAG: self._release, _JOB_TAG: job})
        with self._steps.step("one prediction"):
            prediction = self._predict_one()
        if self._settings.traffic:
            with self._steps.step(f"traffic, {REQUESTS_PER_SECOND} requests/s"):
                traffic.start(self._settings.traffic, NAME, REQUESTS_PER_SECOND, prefixes["features"], SEED)
        return self._keep(
            {
                "scenario": NAME,
                "endpoint": NAME,
                "training_job": job,
                "trained": trained,
                "accuracy": accuracy,
                "prediction": prediction,
                "held_out": prefixes["features"],
                "labels": self._held_out.labels,
                "seconds": self._steps.seconds,
            }
        )

    def _hash(self) -> str:
        """Names what would be deployed: the same data, code and settings give the same."""
        image = self._settings.model_image
        parts = (
            self._train.labelled_csv(),
            self._held_out.labelled_csv(),
            self._source,
            json.dumps([HYPERPARAMETERS, image]).encode(),
        )
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]

    def _upload(self) -> dict[str, str]:
        self._account.ensure_bucket()
        self._account.ensure_role()
        observability.ensure(self._account)
        place = f"{NAME}/{self._release}"
        self._account.put(f"{place}/train/train.csv", self._train.labelled_csv())
        self._account.put(f"{place}/test/test.csv", self._held_out.labelled_csv())
        folder = f"s3://{self._account.bucket}/{place}"
        self._steps.note(f"{len(self._train.cells)} rows to train on, {len(self._held_out.cells)} held out: {folder}")
        return {
            "train": f"{folder}/train/",
            "test": f"{folder}/test/",
            "source": self._account.put(f"{place}/source/sourcedir.tar.gz", self._source),
            "features": self._account.put(f"{place}/held-out/features.csv", self._held_out.features_csv()),
        }

    def _already_deployed(self) -> str | None:
        """The training job behind the endpoint, if that serves this release and answers well; None else."""
        tags = self._endpoint.tags()
        if tags.get(_RELEASE_TAG) != self._release or _JOB_TAG not in tags:
            return None
        with self._steps.step("endpoint of an earlier run"):
            try:
                self._endpoint.wait_in_service()
                accuracy = self._measure()
            except (ScenarioError, ClientError, BotoCoreError) as error:
                self._steps.note(f"it does not answer as it must, so it is trained again: {error}")
                return None
        if accuracy < REQUIRED_ACCURACY:
            return None
        self._steps.note(f"it serves the model of {tags[_JOB_TAG]}, from the same data and code: nothing to train")
        return tags[_JOB_TAG]

    def _train_and_deploy(self, job: str, prefixes: dict[str, str]) -> None:
        given = {
            "MLFLOW_TRACKING_URI": self._settings.tracking_uri,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self._settings.otlp_endpoint,
        }
        environment = {key: value for key, value in given.items() if value}
        definition = training.Definition(
            source=prefixes["source"],
            program="train.py",
            channels={"train": prefixes["train"], "test": prefixes["test"]},
            hyperparameters=HYPERPARAMETERS,
            metrics=METRICS,
            environment={**environment, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"},
        )
        with self._steps.step(f"training job {job}"):
            training.start(self._account, job, definition)
            trained = training.follow(self._account, job, lambda line: self._steps.note(f"| {line}"))
        if "accuracy" not in trained.metrics:
            raise WrongAnswer(f"training job {job} has no metric accuracy", f"See its log: group {training.LOG_GROUP}")
        self._steps.note(f"held-out accuracy {trained.metrics['accuracy']:.4f} (FinalMetricDataList)")
        with self._steps.step(f"endpoint {NAME} from {trained.model}"):
            serving = {key: value for key, value in environment.items() if key != "MLFLOW_TRACKING_URI"}
            self._endpoint.deploy(job, trained.model, {"SAGEMAKER_PROGRAM": "inference.py", **serving})
            self._endpoint.wait_in_service()
        served = self._measure()
        if abs(served - trained.metrics["accuracy"]) > _TOLERANCE:
            raise WrongAnswer(
                f"training measured {trained.metrics['accuracy']:.4f}, the endpoint reaches {served:.4f}",
                "The endpoint serves another model than was trained; see `obsiverse logs`.",
            )

    def _measure(self) -> float:
        """Accuracy over all held-out rows, asked in one request."""
        answers = _predictions(self._endpoint.invoke(self._held_out.features_csv().decode()))
        labels = self._held_out.labels
        if len(answers) != len(labels):
            raise WrongAnswer(f"{len(labels)} rows got {len(answers)} answers", "See `obsiverse logs`.")
        right = sum(answer["label"] == label for answer, label in zip(answers, labels, strict=True))
        self._steps.note(f"held-out accuracy {right / len(labels):.4f} ({right} of {len(labels)})")
        return right / len(labels)

    def _predict_one(self) -> dict[str, Any]:
        row, truth = self._held_out.cells[0], self._held_out.labels[0]
        [answer] = _predictions(self._endpoint.invoke(",".join(row[1:])))
        said = data.LABELS[answer["label"]]
        self._steps.note(
            f"InvokeEndpoint {NAME}: {said}, probability of benign {answer['probability']:.3f}; it was {data.LABELS[truth]}"
        )
        return {"label": said, "probability": answer["probability"], "truth": data.LABELS[truth]}

    def _keep(self, result: dict[str, Any]) -> dict[str, Any]:
        self._settings.data.mkdir(parents=True, exist_ok=True)
        (self._settings.data / "result.json").write_text(json.dumps(result, indent=2) + "\n")
        return result


def new_job_name() -> str:
    """A name that no earlier job has; it also names the model and the endpoint config."""
    return f"{NAME}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def _predictions(body: bytes) -> list[dict[str, Any]]:
    try:
        return json.loads(body)["predictions"]
    except (ValueError, KeyError, TypeError) as error:
        raise WrongAnswer(f"the endpoint answered {body[:200]!r}", "See its log.") from error
