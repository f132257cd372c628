"""The collector for where it may run: a host with systemd, ECS on Fargate, EKS. Its configuration is the same bytes in each.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html,
https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GRPC, HTTP, HEALTH = 4317, 4318, 13133
QUEUE = "/var/lib/otelcol"
MEMORY_MIB = 1024
"""The memory limiter of config.yaml refuses data at 400."""
FILLED_IN = ("host/collector.env", "eks/collector.env", "ecs/task-definition.json")
"""The files that have the environment in them."""
_VERSION = re.compile(r"^  version: ([0-9.]+)$", re.MULTILINE)

UNIT = """\
# Copy config.yaml and collector.env to /etc/obsiverse, the collector to /usr/local/bin/otelcol, this file to /etc/systemd/system.
# It signs with the instance's role: that of promotion is called {role}.
[Unit]
Description=OpenTelemetry Collector
After=network-online.target

[Service]
EnvironmentFile=/etc/obsiverse/collector.env
ExecStart=/usr/local/bin/otelcol --config=/etc/obsiverse/config.yaml
Restart=always
DynamicUser=yes
StateDirectory=otelcol

[Install]
WantedBy=multi-user.target
"""

SIDECAR = """\
# The collector on ECS

As a service of its own, which model containers reach through the VPC:

    aws ecs register-task-definition --region {region} --cli-input-json file://task-definition.json
    aws ecs create-service --region {region} --cluster CLUSTER --service-name {name}-collector --task-definition {name}-collector \\
      --desired-count 1 --launch-type FARGATE --network-configuration 'awsvpcConfiguration={{subnets=[SUBNET],securityGroups=[GROUP]}}'

As a sidecar: add its one container to the `containerDefinitions` of your task, whose task role needs what role {role} allows.
The execution role `ecsTaskExecutionRole` is the one that ECS's console makes; name yours where that is another.
"""

MANIFEST = """\
# The collector on EKS: kubectl apply -k . (this folder). It signs with the role of its service account, by EKS Pod Identity:
#   aws eks create-pod-identity-association --region {region} --cluster-name CLUSTER --namespace {name} \\
#     --service-account collector --role-arn {role_arn}
# Pods send to http://collector.{name}:{http}.
apiVersion: v1
kind: ServiceAccount
metadata:
  name: collector
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: collector
  labels: {{app.kubernetes.io/name: collector, app.kubernetes.io/part-of: {name}}}
spec:
  replicas: 1
  # The samples of a series arrive in their order, so there is one collector, and none beside it while it is replaced.
  strategy:
    type: Recreate
  selector:
    matchLabels: {{app.kubernetes.io/name: collector}}
  template:
    metadata:
      labels: {{app.kubernetes.io/name: collector}}
    spec:
      serviceAccountName: collector
      securityContext:
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
      containers:
        - name: collector
          image: {image}
          args: [--config=/etc/otelcol/config.yaml]
          envFrom:
            - configMapRef:
                name: collector-environment
          ports:
            - {{name: grpc, containerPort: {grpc}}}
            - {{name: http, containerPort: {http}}}
          readinessProbe: &probe
            httpGet: {{path: /, port: {health}}}
          livenessProbe: *probe
          resources:
            requests: {{cpu: 250m, memory: 512Mi}}
            limits: {{memory: {memory}Mi}}
          volumeMounts:
            - {{name: configuration, mountPath: /etc/otelcol, readOnly: true}}
            - {{name: queue, mountPath: {queue}}}
      volumes:
        - name: configuration
          configMap:
            name: collector-configuration
        - name: queue
          emptyDir:
            sizeLimit: 2Gi
---
apiVersion: v1
kind: Service
metadata:
  name: collector
spec:
  selector: {{app.kubernetes.io/name: collector}}
  ports:
    - {{name: grpc, port: {grpc}}}
    - {{name: http, port: {http}}}
"""

KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {name}
resources: [namespace.yaml, collector.yaml]
# Named by their content: a change of one starts the collector anew.
configMapGenerator:
  - name: collector-configuration
    files: [config.yaml]
  - name: collector-environment
    envs: [collector.env]
"""

NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: {name}
"""


@dataclass(frozen=True)
class Collector:
    """What the files are made of.

    Attributes:
        name: of the promotion.
        configuration: the text of otel-collector/config.yaml.
        environment: that of the target; a value may be `{}`, which is filled in later.
        image: with its tag.
        role_arn: what it runs as.
        execution_role_arn: what ECS starts it as.
        log_group: of what it says itself, on ECS.
    """

    name: str
    region: str
    configuration: str
    environment: Mapping[str, str]
    image: str
    role_arn: str
    execution_role_arn: str
    log_group: str

    def files(self) -> dict[str, str]:
        """Their texts by path. The `{}` of the environment is the only one in those that are FILLED_IN."""
        role = self.role_arn.rpartition("/")[2]
        variables = "".join(f"{name}={value}\n" for name, value in self.environment.items())
        known = {"name": self.name.lower(), "region": self.region, "role": role, "role_arn": self.role_arn}
        manifest = MANIFEST.format(
            **known, image=self.image, grpc=GRPC, http=HTTP, health=HEALTH, memory=MEMORY_MIB, queue=QUEUE
        )
        return {
            "host/config.yaml": self.configuration,
            "host/collector.env": variables,
            "host/otelcol.service": UNIT.format(role=role),
            "ecs/task-definition.json": self._task_definition(),
            "ecs/README.md": SIDECAR.format(**known),
            "eks/config.yaml": self.configuration,
            "eks/collector.env": variables,
            "eks/collector.yaml": manifest,
            "eks/namespace.yaml": NAMESPACE.format(**known),
            "eks/kustomization.yaml": KUSTOMIZATION.format(**known),
        }

    def _task_definition(self) -> str:
        # Not a file: Fargate has no place to take one from. The collector reads it from its environment as it is.
        environment = {**self.environment, "OTELCOL_CONFIG": "CONFIGURATION"}
        options = {
            "awslogs-group": self.log_group,
            "awslogs-region": self.region,
            "awslogs-stream-prefix": "ecs",
        }
        definition: dict[str, Any] = {
            "family": f"{self.name}-collector",
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "512",
            "memory": str(MEMORY_MIB),
            "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
            "taskRoleArn": self.role_arn,
            "executionRoleArn": self.execution_role_arn,
            "containerDefinitions": [
                {
                    "name": "collector",
                    "image": self.image,
                    # Its own user may not make the folder of the queue, and the image has no shell to look with.
                    "user": "0",
                    "command": ["--config=env:OTELCOL_CONFIG"],
                    "essential": True,
                    "environment": [{"name": name, "value": value} for name, value in environment.items()],
                    "portMappings": [{"containerPort": port, "protocol": "tcp"} for port in (GRPC, HTTP, HEALTH)],
                    "logConfiguration": {"logDriver": "awslogs", "options": options},
                }
            ],
        }
        configuration = json.dumps(self.configuration).replace("{}", "{\\u007d")
        return json.dumps(definition, indent=2).replace('"CONFIGURATION"', configuration) + "\n"


def image(root: Path) -> str:
    """The contrib distribution's, in the version of this checkout's collector."""
    found = _VERSION.search((root / "otel-collector" / "build" / "builder.yaml").read_text())
    assert found, "otel-collector/build/builder.yaml has no version"
    return f"otel/opentelemetry-collector-contrib:{found[1]}"
