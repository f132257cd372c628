"""Members of SageMaker's API that LocalStack's botocore (1.42) does not know yet; as botocore 1.44.5 has them."""

from __future__ import annotations

from localstack.aws.spec import loader

_SHAPES = {
    "EnableDetailedObservability": {"type": "boolean", "box": True},
    "MetricsEndpointPath": {"type": "string", "min": 0, "max": 256, "pattern": r"/(?!.*\.\.)[a-zA-Z0-9/_.\-]+"},
    "MetricsEndpoint": {
        "type": "structure",
        "required": ["MetricsEndpointPath"],
        "members": {
            "MetricsEndpointPath": {"shape": "MetricsEndpointPath"},
            "MetricPublishFrequencyInSeconds": {"shape": "MetricPublishFrequencyInSeconds"},
        },
    },
    "MetricsEndpointList": {"type": "list", "member": {"shape": "MetricsEndpoint"}, "min": 0, "max": 1},
    "ContainerMetricsConfig": {
        "type": "structure",
        "members": {"MetricsEndpoints": {"shape": "MetricsEndpointList"}},
    },
}
_MEMBERS = [("MetricsConfig", "EnableDetailedObservability"), ("ContainerDefinition", "ContainerMetricsConfig")]


def add_newer_members() -> None:
    """Lay them over the service model; before it is read for the first time."""
    loader.patches["sagemaker/2017-07-24/service-2"] = [
        *loader.patches.get("sagemaker/2017-07-24/service-2", []),
        *({"op": "add", "path": f"/shapes/{name}", "value": shape} for name, shape in _SHAPES.items()),
        *({"op": "add", "path": f"/shapes/{of}/members/{name}", "value": {"shape": name}} for of, name in _MEMBERS),
    ]
