"""What InvokeEndpoint's data plane is told of an endpoint (docs/design.md, "Data plane routes")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from obsiverse_aws.sagemaker.instances import InstanceStatus
from obsiverse_aws.sagemaker.models import Deployment, Endpoint, Variant

Statuses = Mapping[str, InstanceStatus]
"""Of instances, by their ids."""
Document = dict[str, Any]


def route(endpoint: Endpoint, current: Statuses, pending: Statuses) -> Document:
    """The route of an endpoint whose instances have these statuses; those that are not healthy get no requests."""
    share = endpoint.update.share if endpoint.update is not None else 0.0
    old, new = _documents(endpoint.current, current), _documents(endpoint.pending, pending)
    leading = endpoint.pending if share > 0.5 and endpoint.pending else endpoint.current
    if share == 0 or not new:
        variants = old
    elif share == 1 or not old:
        variants = new
    else:
        names = [*old, *(name for name in new if name not in old)]
        variants = {name: _blend(old.get(name), new.get(name), share) for name in names}
    settings = leading.settings if leading else {}
    return {
        "arn": endpoint.arn,
        "variants": list(variants.values()),
        "capture": _capture(settings.get("DataCaptureConfig")),
        "async": _asynchronous(settings.get("AsyncInferenceConfig")),
        "enhanced": bool(settings.get("MetricsConfig", {}).get("EnableEnhancedMetrics")),
    }


def _documents(deployment: Deployment | None, statuses: Statuses) -> dict[str, Document]:
    if deployment is None:
        return {}
    total = sum(variant.weight for variant in deployment.variants)
    documents: dict[str, Document] = {}
    for variant in deployment.variants:
        # Of one, so that the weights of two deployments can be compared.
        document: Document = {"name": variant.name, "weight": variant.weight / total if total else 0.0}
        document["instances"] = _instances(variant, statuses)
        if variant.direct:
            document["direct"] = True
        if any(container.multi_model for container in variant.containers):
            document["multi_model"] = True
        # AWS allows one shadow variant, beside one production variant.
        for shadow in deployment.shadows:
            sampled = min(shadow.weight / variant.weight, 1.0) if variant.weight else 0.0
            document["shadow"] = {"name": shadow.name, "share": sampled, "instances": _instances(shadow, statuses)}
        documents[variant.name] = document
    return documents


def _instances(variant: Variant, statuses: Statuses) -> list[Document]:
    documents: list[Document] = []
    for instance in variant.instances:
        status = statuses.get(instance.id)
        if status is not None and status.healthy:
            containers: list[Document] = [{"hostname": host, "url": url} for host, url in status.containers]
            document: Document = {"id": instance.id, "containers": containers}
            if variant.observed:
                document["type"] = variant.instance_type
                for one, container in zip(containers, variant.containers, strict=True):
                    one["metrics"] = {"path": container.metrics_path, "seconds": container.metrics_seconds}
            documents.append(document)
    return documents


def _blend(old: Document | None, new: Document | None, share: float) -> Document:
    if old is None or new is None:
        present, part = (new, share) if new is not None else (old, 1 - share)
        assert present is not None
        return {**present, "weight": present["weight"] * part}
    ahead = new["weight"] * share
    weight = old["weight"] * (1 - share) + ahead
    return {
        **old,
        "weight": weight,
        "pending": {"share": ahead / weight if weight else share, "instances": new["instances"]},
    }


def _capture(config: Document | None) -> Document | None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataCaptureConfig.html."""
    if config is None or not config.get("EnableCapture"):
        return None
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    types = config.get("CaptureContentTypeHeader", {})
    return {
        "destination": config["DestinationS3Uri"],
        "percentage": config["InitialSamplingPercentage"],
        "input": bool(modes & {"Input", "InputAndOutput"}),
        "output": bool(modes & {"Output", "InputAndOutput"}),
        "csv_types": types.get("CsvContentTypes", []),
        "json_types": types.get("JsonContentTypes", []),
    }


def _asynchronous(config: Document | None) -> Document | None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AsyncInferenceConfig.html."""
    if config is None:
        return None
    output = config["OutputConfig"]
    topics = output.get("NotificationConfig", {})
    return {
        "output": output["S3OutputPath"],
        "failure": output.get("S3FailurePath"),
        "success_topic": topics.get("SuccessTopic"),
        "error_topic": topics.get("ErrorTopic"),
        "include_response_in": topics.get("IncludeInferenceResponseIn", []),
        "kms_key": output.get("KmsKeyId"),
        "max_concurrent": config.get("ClientConfig", {}).get("MaxConcurrentInvocationsPerInstance", 4),
    }
