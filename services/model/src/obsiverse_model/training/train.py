"""`train`: bring the source, run the script, explain a failure."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import structlog

from obsiverse_model import log, requirements, source
from obsiverse_model.errors import ConfigurationError, ContainerError
from obsiverse_model.settings import Settings
from obsiverse_model.training import script
from obsiverse_model.training.environment import Job

_log = structlog.stdlib.get_logger()


def train() -> int:
    """Run the training job that the base folder describes; the script's exit code, or 1 where it could not start.

    A failure's text goes to output/failure, whose first 1,024 characters become the job's FailureReason.
    """
    log.configure()
    settings = Settings()  # pyright: ignore[reportCallIssue] - every field has a default
    for folder in (settings.model, settings.output / "data"):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        ended, command = _run(settings)
    except ContainerError as error:
        _log.error("the training job can't run", reason=str(error))
        _fail(settings, f"{type(error).__name__}: {error}")
        return 1
    except Exception as error:  # noqa: BLE001 - the job's owner is told, whatever it is
        _log.error("the container failed", exc_info=error)
        _fail(settings, f"the container failed\n{traceback.format_exc()}")
        return 1
    if ended.exit_code:
        cause = ended.error[-1] if ended.error else "it wrote nothing to stderr"
        detail = "\n".join(ended.error)
        _fail(settings, f"ExecuteUserScriptError: exit code {ended.exit_code}: {cause}\nCommand: {command}\n{detail}")
    _log.info("the script ended", exit_code=ended.exit_code)
    return ended.exit_code


def _run(settings: Settings) -> tuple[script.Ended, str]:
    job = Job.read(settings)
    program = job.program
    location = job.framework.get("sagemaker_submit_directory")
    if isinstance(location, str):
        source.bring(location, settings)
    if not (settings.code / program).is_file():
        raise ConfigurationError(f"there is no {program} in {location or settings.code}")
    extra = requirements.install(settings.code / "requirements.txt", settings.base / "site-packages")
    environment = {**os.environ, **job.environment(settings), "PYTHONUNBUFFERED": "1"}
    environment["PYTHONPATH"] = _path(settings.code, extra, environment.get("PYTHONPATH"))
    command = [sys.executable, program, *job.arguments()]
    shown = " ".join(["python", *command[1:]])
    _log.info("running the script", command=shown, gpus=environment["SM_NUM_GPUS"])
    return script.run(command, settings.code, environment), shown


def _path(*places: Path | str | None) -> str:
    return os.pathsep.join(str(place) for place in places if place)


def _fail(settings: Settings, text: str) -> None:
    settings.output.mkdir(parents=True, exist_ok=True)
    (settings.output / "failure").write_text(text)
