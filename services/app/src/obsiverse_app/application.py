"""The application's resources: a role, a layer, a function, a REST API with tracing. Deploying again changes what differs."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import time
from typing import Any

import boto3
from botocore.exceptions import ClientError

from obsiverse_app import package
from obsiverse_app.settings import Settings

RUNTIME, STAGE = "python3.13", "live"
HANDLER = "otel_wrapper.lambda_handler"
TIMEOUT, MEMORY = 30, 256  # seconds, MB
ROLE_SECONDS = 60.0
POLICIES = ("service-role/AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess")


class Application:
    """The application in the account and region of the environment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        session = boto3.Session()
        self._region: str = session.region_name or "us-east-1"
        self._iam: Any = session.client("iam")
        self._lambda: Any = session.client("lambda")
        self._gateway: Any = session.client("apigateway")
        self._s3: Any = session.client("s3")
        self._account = str(session.client("sts").get_caller_identity()["Account"])

    def deploy(self) -> str:
        """Make or change all of it; the URL to POST rows to."""
        self._ensure_bucket()
        function = self._ensure_function(self._ensure_role(), self._ensure_layer())
        return self.url(self._ensure_api(function))

    def url(self, api: str | None = None) -> str:
        """The URL of a deployed application. Raises LookupError where there is none."""
        found = api or self._api()
        if found is None:
            raise LookupError(f"{self._settings.name} is not deployed: python -m obsiverse_app deploy")
        if self._settings.aws:
            return f"{self._settings.aws.rstrip('/')}/_aws/execute-api/{found}/{STAGE}/predict"
        return f"https://{found}.execute-api.{self._region}.amazonaws.com/{STAGE}/predict"

    def delete(self) -> None:
        """Delete all but the bucket; what is not there is left out."""
        name = self._settings.name
        api = self._api()
        if api is not None:
            self._gateway.delete_rest_api(restApiId=api)
        _unless_gone(self._lambda.delete_function, FunctionName=name)
        for version in self._lambda.list_layer_versions(LayerName=name)["LayerVersions"]:
            self._lambda.delete_layer_version(LayerName=name, VersionNumber=version["Version"])
        for policy in POLICIES:
            _unless_gone(self._iam.detach_role_policy, RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        _unless_gone(self._iam.delete_role_policy, RoleName=name, PolicyName="app")
        _unless_gone(self._iam.delete_role, RoleName=name)

    def _ensure_bucket(self) -> None:
        try:
            self._s3.head_bucket(Bucket=self._settings.bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
                raise
            where = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
            self._s3.create_bucket(
                Bucket=self._settings.bucket, **({"CreateBucketConfiguration": where} if where else {})
            )

    def _ensure_role(self) -> str:
        name = self._settings.name
        trust = _policy({"Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}})
        try:
            arn = self._iam.get_role(RoleName=name)["Role"]["Arn"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            arn = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for policy in POLICIES:
            self._iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        endpoint = f"arn:aws:sagemaker:{self._region}:{self._account}:endpoint/{self._settings.endpoint}"
        allowed = _policy(
            {"Action": "sagemaker:InvokeEndpoint", "Resource": endpoint},
            {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{self._settings.bucket}/predictions/*"},
        )
        self._iam.put_role_policy(RoleName=name, PolicyName="app", PolicyDocument=allowed)
        return str(arn)

    def _ensure_layer(self) -> str:
        content = package.layer()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        for version in self._lambda.list_layer_versions(LayerName=self._settings.name)["LayerVersions"]:
            arn = str(version["LayerVersionArn"])
            if self._lambda.get_layer_version_by_arn(Arn=arn)["Content"]["CodeSha256"] == digest:
                return arn
        made = self._lambda.publish_layer_version(
            LayerName=self._settings.name, Content={"ZipFile": content}, CompatibleRuntimes=[RUNTIME]
        )
        return str(made["LayerVersionArn"])

    def _ensure_function(self, role: str, layer: str) -> str:
        name, code = self._settings.name, package.function()
        variables = {
            "BUCKET": self._settings.bucket,
            "ENDPOINT_NAME": self._settings.endpoint,
            "ORIG_HANDLER": "handler.handler",
        }
        # Here the template of functions knows the collector's address as functions see it.
        if self._settings.otlp and not self._settings.aws:
            variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = self._settings.otlp
        configuration: dict[str, Any] = {
            "Role": role,
            "Handler": HANDLER,
            "Runtime": RUNTIME,
            "Timeout": TIMEOUT,
            "MemorySize": MEMORY,
            "Layers": [layer],
            "Environment": {"Variables": variables},
            "TracingConfig": {"Mode": "Active"},
        }
        try:
            self._lambda.get_function(FunctionName=name)
        except self._lambda.exceptions.ResourceNotFoundException:
            made = self._create(FunctionName=name, Code={"ZipFile": code}, **configuration)
        else:
            updated = self._lambda.get_waiter("function_updated_v2")
            self._lambda.update_function_code(FunctionName=name, ZipFile=code)
            updated.wait(FunctionName=name)
            made = self._lambda.update_function_configuration(FunctionName=name, **configuration)
            updated.wait(FunctionName=name)
        self._lambda.get_waiter("function_active_v2").wait(FunctionName=name)
        return str(made["FunctionArn"])

    def _create(self, **definition: Any) -> dict[str, Any]:
        """CreateFunction; IAM takes some seconds to make a new role known to Lambda."""
        deadline = time.monotonic() + ROLE_SECONDS
        while True:
            try:
                return self._lambda.create_function(**definition)
            except self._lambda.exceptions.InvalidParameterValueException as error:
                if "cannot be assumed" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def _api(self) -> str | None:
        pages = self._gateway.get_paginator("get_rest_apis").paginate()
        found = (api["id"] for page in pages for api in page["items"] if api["name"] == self._settings.name)
        return next(found, None)

    def _ensure_api(self, function: str) -> str:
        body = json.dumps(self._definition(function)).encode()
        api = self._api()
        if api is None:
            api = str(self._gateway.import_rest_api(body=body)["id"])
        else:
            self._gateway.put_rest_api(restApiId=api, mode="overwrite", body=body)
        source = f"arn:aws:execute-api:{self._region}:{self._account}:{api}/*/POST/predict"
        # One that stands since the last deployment is as good.
        with contextlib.suppress(self._lambda.exceptions.ResourceConflictException):
            self._lambda.add_permission(
                FunctionName=self._settings.name,
                StatementId=f"api-{api}",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=source,
            )
        self._gateway.create_deployment(restApiId=api, stageName=STAGE, tracingEnabled=True)
        return api

    def _definition(self, function: str) -> dict[str, Any]:
        uri = f"arn:aws:apigateway:{self._region}:lambda:path/2015-03-31/functions/{function}/invocations"
        integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
        post = {"responses": {"200": {"description": "predictions"}}, "x-amazon-apigateway-integration": integration}
        return {
            "openapi": "3.0.1",
            "info": {"title": self._settings.name, "version": "1"},
            "paths": {"/predict": {"post": post}},
        }


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


def _unless_gone(delete: Any, **names: str) -> None:
    try:
        delete(**names)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchEntity", "ResourceNotFoundException"):
            raise
