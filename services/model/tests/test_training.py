"""`train`: the environment and arguments a script gets, and how its end is told."""

from __future__ import annotations

import json
import os
import signal

import pytest
from containers import S3, Job, archive, eventually


def test_script_gets_its_hyperparameters_as_arguments_and_sagemakers_environment(job: Job) -> None:
    job.define(
        "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))",
        {"epochs": "10", "lr": '"0.5"', "layers": "[4, 2]", "name": "plain", "k": "1"},
    )
    code, out, _ = job.run()
    assert code == 0
    arguments, environment = json.loads(out)
    assert arguments == ["--epochs", "10", "-k", "1", "--layers", "[4, 2]", "--lr", "0.5", "--name", "plain"]
    assert environment["SM_MODEL_DIR"] == str(job.base / "model")
    assert environment["SM_CHANNEL_TRAIN"] == str(job.base / "input/data/train")
    assert environment["SM_OUTPUT_DATA_DIR"] == str(job.base / "output/data")
    assert json.loads(environment["SM_CHANNELS"]) == ["train"]
    assert json.loads(environment["SM_HPS"]) == {"epochs": 10, "lr": "0.5", "layers": [4, 2], "name": "plain", "k": 1}
    assert environment["SM_HP_EPOCHS"] == "10"
    assert json.loads(environment["SM_HOSTS"]) == ["algo-1"]
    assert environment["SM_CURRENT_HOST"] == "algo-1"
    assert json.loads(environment["SM_USER_ARGS"]) == arguments
    assert int(environment["SM_NUM_CPUS"]) >= 1
    assert int(environment["SM_NUM_GPUS"]) >= 0
    assert json.loads(environment["SM_TRAINING_ENV"])["hyperparameters"]["epochs"] == 10


def test_modules_beside_the_script_can_be_imported_and_the_model_folder_is_there(job: Job) -> None:
    job.define(
        "import os, pathlib, helper; pathlib.Path(os.environ['SM_MODEL_DIR'], 'model').write_text(helper.WORD)",
        helper_py="WORD = 'trained'",
    )
    assert job.run()[0] == 0
    assert (job.base / "model" / "model").read_text() == "trained"


def test_failing_script_keeps_its_exit_code_and_its_exception_begins_the_failure(job: Job) -> None:
    job.define("print('before'); raise RuntimeError('the loss is nan')")
    code, out, error = job.run()
    assert code == 1
    assert out == "before\n"
    assert "Traceback" in error
    assert "RuntimeError: the loss is nan" in job.failure[:1024]


def test_exit_code_is_the_scripts(job: Job) -> None:
    job.define("import sys; sys.exit(42)")
    assert job.run()[0] == 42
    assert "exit code 42" in job.failure


def test_sigterm_reaches_the_script_which_may_save_and_end_well(job: Job) -> None:
    job.define(
        "import os, pathlib, signal, sys\n"
        "model = pathlib.Path(os.environ['SM_MODEL_DIR'])\n"
        "def save(*_): (model / 'checkpoint').write_text('saved'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, save)\n"
        "(model / 'ready').touch()\n"
        "signal.pause()\n"
    )
    process = job.start("train")
    eventually((job.base / "model" / "ready").exists)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert (job.base / "model" / "checkpoint").read_text() == "saved"
    assert not (job.base / "output" / "failure").exists()


def test_script_that_a_signal_ended_has_the_shells_exit_code(job: Job) -> None:
    job.define("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert job.run()[0] == 128 + signal.SIGKILL


def test_archive_in_the_input_is_unpacked(job: Job) -> None:
    job.define("", {"sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz"})
    job.write("input/data/code/sourcedir.tar.gz", archive(**{"train.py": "print('from the archive')"}))
    code, out, _ = job.run()
    assert (code, out) == (0, "from the archive\n")


@pytest.mark.parametrize("name", ["../outside", "/tmp/obsiverse-outside", "a/../../outside"])
def test_archive_that_writes_outside_its_folder_is_refused(job: Job, name: str) -> None:
    job.define("", {"sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz"})
    job.write("input/data/code/sourcedir.tar.gz", archive(**{"train.py": "print('ran')", name: "escaped"}))
    code, out, _ = job.run()
    assert not (job.base / "outside").exists()
    assert not os.path.exists("/tmp/obsiverse-outside")  # noqa: PTH110
    # tarfile strips a leading slash, which keeps the file inside; the others it refuses.
    assert code == 0 if name.startswith("/") else (code == 1 and out == "" and "SourceError" in job.failure)


def test_source_comes_from_s3(job: Job, s3: S3) -> None:
    s3.put("a/sourcedir.tar.gz", archive(**{"train.py": "print('from S3')"}))
    job.define("", {"sagemaker_submit_directory": "s3://source/a/sourcedir.tar.gz"})
    assert job.run(**s3.environment)[:2] == (0, "from S3\n")
    job.define("", {"sagemaker_submit_directory": "s3://source/missing.tar.gz"})
    assert job.run(**s3.environment)[0] == 1
    assert "missing.tar.gz can't be fetched" in job.failure


def test_job_without_a_script_says_what_to_give(job: Job) -> None:
    job.write("input/config/hyperparameters.json", "{}")
    assert job.run()[0] == 1
    assert "sagemaker_program" in job.failure


def test_configuration_that_is_not_json_is_named(job: Job) -> None:
    job.write("input/config/hyperparameters.json", "{")
    assert job.run()[0] == 1
    assert "hyperparameters.json is not JSON" in job.failure


def test_requirements_that_are_there_install_nothing(job: Job) -> None:
    job.define("print('ran')", requirements_txt="# why\nnumpy>=1  # arrays\npackaging; python_version > '3'\n")
    code, out, error = job.run(PATH="")
    assert (code, out) == (0, "ran\n")
    assert "installed already" in error


def test_requirements_that_are_missing_are_installed_or_explained(job: Job) -> None:
    package = job.write("tool/pyproject.toml", '[project]\nname = "obsiverse-nothing"\nversion = "1"\n').parent
    job.define("print('ran')", requirements_txt=f"obsiverse-nothing @ file://{package}-absent\n")
    assert job.run()[0] == 1
    assert "RequirementsError" in job.failure
