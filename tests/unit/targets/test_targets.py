"""Targets: what files may say, and the environment that comes of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obsiverse.targets import Target, TargetError, load_target, shell_lines

LOCAL = """\
name: stage
account: "111111111111"
region: eu-west-1
credentials: {source: emulated}
endpoints:
  aws: http://127.0.0.1:4566
  amp_remote_write: http://127.0.0.1:9090/api/v1/write
  amp_query: http://127.0.0.1:9090
mlflow: http://127.0.0.1:5000
otlp: http://127.0.0.1:4318
bucket: obsiverse-stage
roles: {sagemaker: "arn:aws:iam::111111111111:role/sagemaker"}
images: {registry: obsiverse, model: obsiverse/model}
instance_types: {training: ml.m5.large, endpoint: ml.m5.large}
"""


@pytest.fixture
def write(tmp_path: Path):
    """Writes a target's file, the given texts replaced, and returns its path."""

    def make(*replacements: tuple[str, str]) -> Path:
        text = LOCAL
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "stage.yaml"
        file.write_text(text)
        return file

    return make


def test_local_target_follows_the_addresses_in_use():
    target = load_target("local", {"AWS_ADDR": "127.0.0.1:14566", "MLFLOW_PORT": "15000"})
    environment = target.environment()
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:14566"
    assert environment["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:15000"
    assert environment["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] == "http://127.0.0.1:4570"


def test_local_credentials_are_the_account_and_test():
    environment = load_target("local", {"OBSIVERSE_ACCOUNT": "222222222222"}).environment()
    assert environment["AWS_ACCESS_KEY_ID"] == environment["AWS_ACCOUNT_ID"] == "222222222222"
    assert environment["AWS_SECRET_ACCESS_KEY"] == "test"
    assert "AWS_PROFILE" not in environment


def test_aws_target_leaves_endpoint_urls_to_the_sdks():
    environment = load_target("aws.example", {"AWS_PROFILE": "mlops"}).environment()
    assert not [name for name in environment if name.startswith("AWS_ENDPOINT_URL")]
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert environment["AWS_PROFILE"] == "mlops"


def test_aws_telemetry_endpoints_follow_from_region_and_workspace():
    environment = load_target("aws.example", {}).environment()
    workspace = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-00000000-0000-0000-0000-000000000000"
    assert environment["AMP_QUERY_URL"] == workspace
    assert environment["AMP_REMOTE_WRITE_URL"] == f"{workspace}/api/v1/remote_write"
    assert environment["XRAY_TRACES_ENDPOINT"] == "https://xray.eu-central-1.amazonaws.com/v1/traces"
    assert environment["LOGS_OTLP_ENDPOINT"] == "https://logs.eu-central-1.amazonaws.com/v1/logs"


def test_endpoints_in_china_have_their_own_domain(write):
    file = write(("eu-west-1", "cn-north-1"))
    assert (
        load_target(file, {}).environment()["XRAY_TRACES_ENDPOINT"]
        == "https://xray.cn-north-1.amazonaws.com.cn/v1/traces"
    )


def test_both_targets_set_the_variables_that_the_collector_reads():
    collector = {"AWS_REGION", "AMP_REMOTE_WRITE_URL", "XRAY_TRACES_ENDPOINT", "LOGS_OTLP_ENDPOINT"}
    for name in ("local", "aws.example"):
        assert collector <= load_target(name, {}).environment().keys()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("bucket:", "buckett:", "buckett: is not known; known here: name, account,"),
        ("amp_query:", "amp_qery:", "endpoints.amp_qery: is not known; known here: aws, sagemaker_runtime"),
        ("bucket: obsiverse-stage", "", "bucket: is missing"),
        ('"111111111111"\nregion', "111111111111\nregion", "account: is no text; put 111111111111 in quotes"),
        ('"111111111111"\nregion', '"1111"\nregion', "account: '1111' does not match"),
        ("region: eu-west-1", "region: europe", "region: 'europe' does not match"),
        ("http://127.0.0.1:4566", "127.0.0.1:4566", "endpoints.aws: '127.0.0.1:4566' is no http:// or https:// URL"),
        ("http://127.0.0.1:4566", "http://user:word@host:1", "endpoints.aws: a URL with a password in it"),
        ("http://127.0.0.1:4566", "http://host:99999", "endpoints.aws: Port out of range"),
        ("{source: emulated}", "{source: profile}", "credentials: source: profile needs profile"),
        ("{source: emulated}", "{source: emulated, profile: x}", "credentials: source: profile needs profile"),
        (
            "{source: emulated}",
            "{source: emulated, secret_access_key: x}",
            "credentials.secret_access_key: is not known",
        ),
        ("  aws: http://127.0.0.1:4566\n", "", "emulated credentials need endpoints.aws"),
        ("  amp_query: http://127.0.0.1:9090\n", "", "set workspaces.amp, or both"),
        ("iam::111111111111", "iam::222222222222", "roles.sagemaker is in another account"),
        ("name: stage", "name: ${NOWHERE}", "uses a variable that is not set"),
        ("name: stage", "name: ${NOWHERE:?set it to a name}", "set it to a name"),
        ("name: stage", "name: [", "is no YAML"),
        ("name: stage", "name: stage\nname: other", "stands twice"),
    ],
)
def test_bad_file_is_refused_with_file_key_and_reason(write, old, new, message):
    file = write((old, new))
    with pytest.raises(TargetError) as refused:
        load_target(file, {})
    assert message in str(refused.value)
    assert str(file) in str(refused.value)


def test_error_names_the_line(write):
    file = write(("bucket: obsiverse-stage", "bucket: No"))
    with pytest.raises(TargetError, match=rf"{file}:11: bucket: "):
        load_target(file, {})


def test_all_problems_are_named_at_once(write):
    file = write(("bucket: obsiverse-stage", "bucket: No"), ("region: eu-west-1", "region: No"))
    with pytest.raises(TargetError) as refused:
        load_target(file, {})
    assert len(str(refused.value).splitlines()) == 2


def test_unknown_target_says_which_there_are():
    with pytest.raises(TargetError, match=r"no target 'lokal'; there are: .*local"):
        load_target("lokal", {})


def test_missing_aws_target_says_what_to_copy(monkeypatch, tmp_path):
    monkeypatch.setattr("obsiverse.targets.load.FOLDER", tmp_path)
    with pytest.raises(TargetError, match=r"Copy .*aws\.example\.yaml"):
        load_target("aws", {})


def test_missing_file_is_reported(tmp_path):
    with pytest.raises(TargetError, match="can't be read"):
        load_target(tmp_path / "none.yaml", {})


def evaluate(lines: list[str], environment: dict[str, str], name: str) -> tuple[int, bytes]:
    """Run lines in sh; whether a variable is then set, and what to."""
    script = "\n".join([*lines, f'[ "${{{name}+set}}" ] || exit 9', f'printf %s "${name}"'])
    done = subprocess.run(["/bin/sh", "-eu"], input=script.encode(), env=environment, capture_output=True, check=False)
    assert done.stderr == b""
    return done.returncode, done.stdout


def test_shell_lines_clear_what_the_other_target_left():
    local, aws = load_target("local", {}), load_target("aws.example", {})
    both = shell_lines(local) + shell_lines(aws)
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ):
        assert evaluate(both, {}, name)[0] == 9
    back = both + shell_lines(local)
    assert evaluate(back, {}, "AWS_PROFILE")[0] == 9
    assert evaluate(back, {"AWS_SESSION_TOKEN": "old"}, "AWS_SESSION_TOKEN")[0] == 9


def test_credentials_of_the_environment_are_left_alone(write):
    file = write(("{source: emulated}", "{source: environment}"))
    lines = shell_lines(load_target(file, {}))
    assert evaluate(lines, {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SESSION_TOKEN": "t"}, "AWS_SESSION_TOKEN") == (0, b"t")


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1).filter(
        lambda text: text.isprintable()
    )
)
@settings(max_examples=60, deadline=None)
def test_any_value_comes_out_of_the_shell_as_it_went_in(value):
    target = load_target("local", {}).model_copy(update={"mlflow": value})
    assert evaluate(shell_lines(target), {}, "MLFLOW_TRACKING_URI") == (0, value.encode())


@given(
    st.sampled_from(["'", '"', "$(exit 3)", "`exit 3`", "\\", "\n", ";exit 3;", "$HOME", " ", "!", "*"]).map(
        lambda bad: f"a{bad}b"
    )
)
def test_hostile_value_runs_nothing(value):
    target: Target = load_target("local", {}).model_copy(update={"mlflow": value})
    assert evaluate(shell_lines(target), {"HOME": "/"}, "MLFLOW_TRACKING_URI") == (0, value.encode())
