"""A CDK app in Python of what a target should have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from obsiverse.promote.as_code.cdk_construct import MODELS, PLATFORM, Construct, Writing
from obsiverse.promote.as_code.cdk_python import Call, Expression, source
from obsiverse.promote.as_code.cdk_resources import INSIDE, WRITERS
from obsiverse.promote.as_code.cdk_text import NotWritten, Texts, variable
from obsiverse.promote.as_code.naming import promotion_name
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import amp_workspace, grafana_workspace, model_artifact
from obsiverse.promote.place import partition
from obsiverse.promote.resource import Resource
from obsiverse.targets import Target

LIBRARY = "aws-cdk-lib>=2.200,<3"
IN_GRAFANA = "inside Grafana, where CloudFormation does not reach"
IN_MLFLOW = "inside MLflow, where CloudFormation does not reach"
NOT_IN_CLOUDFORMATION = {
    "collector-files": "files for a host, ECS or EKS",
    "ecr-image": "an image, which is pushed",
    "grafana-alert-rules": IN_GRAFANA,
    "grafana-dashboard": IN_GRAFANA,
    "grafana-data-source": IN_GRAFANA,
    "grafana-folder": IN_GRAFANA,
    "grafana-plugin": IN_GRAFANA,
    "mlflow-model": IN_MLFLOW,
    "mlflow-model-version": IN_MLFLOW,
}
UNKNOWN = "this export does not know its kind"
HEADER = """\
What `obsiverse promote` brings to target {target}, as an app of the AWS CDK: written by `obsiverse promote export cdk`.

    pip install '{library}'
    npx aws-cdk deploy --app "python app.py" '*Platform'

Then push the image and copy the artifacts, and deploy the rest:

    npx aws-cdk deploy --app "python app.py" --all

What is there already under the same name (a bucket, a role) stops CloudFormation: leave it out, or `cdk import` it.
"""
BEGUN = """
import os

import aws_cdk as cdk
from aws_cdk import (
{imported}
)

app = cdk.App()
environment = cdk.Environment(account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION"))
"""


def write_cdk(resources: Mapping[str, Resource], kinds: Mapping[str, Kind], target: Target) -> str:
    """An app in one file, with two stacks: a model needs an image and an artifact, which are brought between them.

    What CloudFormation has no resource for is said at its beginning.
    """
    given = {key: one for key, one in _given(target).items() if key in resources}
    known = {kind for kind, _ in WRITERS}
    written = {key: one for key, one in resources.items() if one.kind in known and key not in given}
    writing = Writing(resources, target, Texts(written, target, given))
    left = {key: _reason(one, resources, given) for key, one in resources.items() if key not in written}
    constructs: list[Construct] = []
    for kind, write in WRITERS:
        for key, resource in written.items():
            if resource.kind == kind:
                try:
                    constructs += write(writing, resource)
                except NotWritten as error:
                    left[key] = str(error)
    return _app(constructs, writing, left, target)


def _app(constructs: list[Construct], writing: Writing, left: Mapping[str, str], target: Target) -> str:
    name = promotion_name(target)
    title = "".join(part.capitalize() for part in variable(name).split("_"))
    modules = sorted({one.function.partition(".")[0] for one in constructs})
    imported = "\n".join(f"    aws_{module} as {module}," for module in modules)
    lines = [_header(target, {key: why for key, why in {**left, **writing.said}.items() if why})]
    lines.append(BEGUN.format(imported=imported))
    for stack in (PLATFORM, MODELS):
        mine = [one for one in constructs if one.stack == stack]
        if not mine:
            continue
        named = (Expression("app"), f"{title}{stack.capitalize()}")
        lines.append(f"{stack} = " + source(Call("cdk.Stack", named, {"env": Expression("environment")})))
        if stack == MODELS:
            lines.append(f"{MODELS}.node.add_dependency({PLATFORM})")
        lines += [*_lines_of(mine, writing), ""]
    tag = source(Call("cdk.Tags.of(app).add", ("obsiverse:promoted", name)))
    return "\n".join([*lines, tag, "app.synth()"]) + "\n"


def _lines_of(constructs: list[Construct], writing: Writing) -> Iterable[str]:
    last = ""
    for construct in constructs:
        if construct.of != last:
            yield ""
            yield from writing.parameters.get(construct.of, {}).values()
        last = construct.of
        yield construct.python()


def _header(target: Target, left: Mapping[str, str]) -> str:
    """The docstring: how to deploy it, and what it has not."""
    text = HEADER.format(target=target.name, library=LIBRARY)
    if left:
        told = [f"- {key}: {why}" for key, why in sorted(left.items())]
        text += "\n".join(["\nNot here, and brought by `obsiverse promote apply`:", "", *told]) + "\n"
    return source(text).replace('"""\\\n', '"""', 1)


def _given(target: Target) -> dict[str, dict[str, str]]:
    """What the target's file says is there, by key: attributes that others refer to."""
    name = promotion_name(target)
    found: dict[str, dict[str, str]] = {}
    if amp := target.workspaces.amp:
        arn = f"arn:{partition(target.region)}:aps:{target.region}:{target.account}:workspace/{amp}"
        found[f"{amp_workspace.NAME}/{name}"] = {"id": amp, "arn": arn}
    if grafana := target.workspaces.grafana:
        found[f"{grafana_workspace.NAME}/{name}"] = {"id": grafana}
    return found


def _reason(resource: Resource, resources: Mapping[str, Resource], given: Mapping[str, Mapping[str, str]]) -> str:
    """Why the app has no construct of a resource; empty where another construct has it in it."""
    if resource.key in given:
        return f"there already: the target's file names {given[resource.key]['id']}"
    if resource.kind == model_artifact.NAME:
        wanted = resource.properties
        return f"s3://{wanted['bucket']}/{wanted['key']}, of sha256 {wanted['sha256']}"
    if resource.kind not in INSIDE:
        return NOT_IN_CLOUDFORMATION.get(resource.kind, UNKNOWN)
    inside = INSIDE[resource.kind]
    if any(one.kind == inside and key not in given for key, one in resources.items()):
        return ""
    return f"CloudFormation has it only in {inside}, which is not made here"
