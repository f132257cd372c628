"""A user's script of the SageMaker Python SDK runs as it is; nothing but its environment says that this is not AWS."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from obsiverse.components import ComponentSettings
from obsiverse.components.uv import find_uv

pytestmark = pytest.mark.timeout(1800)
ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "tests" / "sdk"
# Of the deep learning containers and of the scikit-learn container, in us-east-1.
AWS_REGISTRIES = ("763104351884.dkr.ecr.", "683313688378.dkr.ecr.")
# What the SDK's own tool asks for in a role that serves models.
PERMISSIONS = ["ecr:*", "logs:*", "s3:GetObject", "s3:ListBucket", "sagemaker:*"]
# Not the environment, but a file of the SDK's own: no test tells AWS of its use.
CONFIG = "SchemaVersion: '1.0'\nSageMaker:\n  PythonSDK:\n    Modules:\n      TelemetryOptOut: true\n"


@pytest.fixture(scope="module")
def python():
    """Makes the environment of a version of the SDK from its lock, once; its interpreter."""

    def make(version: str) -> Path:
        lock = SDK / version / "requirements.lock"
        venv = ROOT / ".obsiverse" / "venvs" / f"sagemaker-sdk-{version}"
        stamp, made_from = venv / ".made-from", hashlib.sha256(lock.read_bytes()).hexdigest()
        interpreter = venv / "bin" / "python"
        if not stamp.is_file() or stamp.read_text() != made_from:
            uv = find_uv(ComponentSettings())
            environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
            for arguments in (
                ["venv", "--clear", "--python", "3.13", venv],
                ["pip", "install", "--python", interpreter, "--require-hashes", "-r", lock],
            ):
                done = subprocess.run(
                    [uv, "--quiet", *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, done.stderr
            stamp.write_text(made_from)
        return interpreter

    return make


@pytest.fixture(scope="module")
def role(stack):
    """A role as the SDK wants one: SageMaker may assume it, and it may do what a model needs."""
    iam, name = stack.client("iam"), f"sagemaker-sdk-{os.getpid()}"
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Action": PERMISSIONS, "Resource": "*"}

    def document(statement):
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="serve", PolicyDocument=document(allowed))
    yield arn
    iam.delete_role_policy(RoleName=name, PolicyName="serve")
    iam.delete_role(RoleName=name)


@pytest.fixture(scope="module")
def bucket(stack):
    """A bucket of the name that the SDK would choose."""
    name = f"sagemaker-{stack.env['AWS_REGION']}-{stack.env['AWS_ACCOUNT_ID']}"
    stack.client("s3").create_bucket(Bucket=name)
    return name


@pytest.mark.parametrize(
    ("version", "script"),
    [
        ("v2", "deploy_v2.py"),
        ("v2", "deploy_v2_sklearn.py"),
        ("v3", "deploy_v3.py"),
        ("v3", "deploy_v3_builder.py"),
    ],
)
def test_a_script_deploys_predicts_and_deletes(stack, python, role, bucket, tmp_path, version, script):
    config = tmp_path / "sagemaker.yaml"
    config.write_text(CONFIG)
    handed = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    environment = {
        **{name: stack.env[name] for name in handed},
        "AWS_DEFAULT_REGION": stack.env["AWS_REGION"],
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(config),
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
    }
    name = f"{script.removesuffix('.py').replace('_', '-')}-{os.getpid()}"

    done = subprocess.run(
        [python(version), SDK / script, name, bucket, role, tmp_path],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip

    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["prediction"] == [pytest.approx([3.0, 5.0, 7.0])]
    assert result["image"].startswith(AWS_REGISTRIES), "the SDK chose AWS's image, and nobody another"
    client = stack.client("sagemaker")
    for describe in (
        lambda: client.describe_endpoint_config(EndpointConfigName=name),
        lambda: client.describe_model(ModelName=name),
    ):
        with pytest.raises(ClientError, match="Could not find"):
            describe()
    listed = client.list_endpoints(NameContains=name)["Endpoints"]
    assert [one["EndpointStatus"] for one in listed if one["EndpointName"] == name] in ([], ["Deleting"])
