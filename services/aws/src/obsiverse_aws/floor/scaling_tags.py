"""Tags of Application Auto Scaling's scalable targets, which moto does not keep.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.skeleton import DispatchTable
from moto.applicationautoscaling.models import applicationautoscaling_backends

from obsiverse_aws.floor.moto import ask_moto


def with_tags(table: DispatchTable) -> DispatchTable:
    """The same table, whose scalable targets have tags. They are kept in moto's own, and saved and reset with those."""
    return {
        **table,
        "RegisterScalableTarget": _register,
        "ListTagsForResource": _list,
        "TagResource": _tag,
        "UntagResource": _untag,
    }


def _register(context: RequestContext, request: Any) -> Any:
    answer: Any = ask_moto(context)
    if request.get("Tags"):
        _tags(context, answer["ScalableTargetARN"]).update(request["Tags"])
    return answer


def _list(context: RequestContext, request: Any) -> Any:
    return {"Tags": dict(_tags(context, request["ResourceARN"]))}


def _tag(context: RequestContext, request: Any) -> Any:
    _tags(context, request["ResourceARN"]).update(request["Tags"])
    return {}


def _untag(context: RequestContext, request: Any) -> Any:
    tags = _tags(context, request["ResourceARN"])
    for key in request["TagKeys"]:
        tags.pop(key, None)
    return {}


def _tags(context: RequestContext, arn: str) -> dict[str, str]:
    """A target's tags, to be changed. Raises ResourceNotFoundException."""
    # Any: moto is untyped.
    backend: Any = applicationautoscaling_backends[context.account_id][context.region]
    for targets in backend.targets.values():
        for target in targets.values():
            if target.arn == arn:
                return target.__dict__.setdefault("tags", {})
    message = f"The resource doesn't exist. Resource ARN: {arn}"
    raise CommonServiceException("ResourceNotFoundException", message, 400, sender_fault=True)
