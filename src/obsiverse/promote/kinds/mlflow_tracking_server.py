"""SageMaker's managed MLflow: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateMlflowTrackingServer.html."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.faults import is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import iam_role, s3_bucket
from obsiverse.promote.place import Place
from obsiverse.promote.prices import MLFLOW_SERVER_PER_HOUR, Prices
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source

NAME = "mlflow-tracking-server"
SECONDS = 45 * 60
"""AWS's guide speaks of up to 25 minutes."""
_READY = {"Created", "Updated", "Started", "MaintenanceComplete"}
_FAILED = {"CreateFailed", "UpdateFailed", "StartFailed", "DeleteFailed", "MaintenanceFailed"}


class MlflowTrackingServer(Kind):
    """The server that the target's `mlflow` names by an ARN. One that is there is used as it is."""

    name = NAME
    shared = True
    actions = (
        "iam:PassRole", "sagemaker:AddTags", "sagemaker:CreateMlflowTrackingServer",
        "sagemaker:DeleteMlflowTrackingServer", "sagemaker:DescribeMlflowTrackingServer", "sagemaker:ListTags",
        "sagemaker:UpdateMlflowTrackingServer",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        if mine := key(source):
            bucket = f"{s3_bucket.NAME}/{source.target.bucket}"
            yield Resource(
                self.name,
                mine.partition("/")[2],
                {"artifacts": f"s3://{source.target.bucket}/mlflow", "size": "Small"},
                after=frozenset({bucket, f"{iam_role.NAME}/{iam_role.sagemaker(source)}"}),
            )

    def read(self, place: Place, resource: Resource) -> Found | None:
        sagemaker = place.client("sagemaker")
        try:
            found = sagemaker.describe_mlflow_tracking_server(TrackingServerName=resource.name)
        except Exception as error:
            if is_missing(error):
                return None
            raise
        tags = sagemaker.list_tags(ResourceArn=found["TrackingServerArn"])["Tags"]
        properties = {"artifacts": found["ArtifactStoreUri"], "size": found["TrackingServerSize"]}
        status = found["TrackingServerStatus"]
        return Found(
            properties,
            # Nothing can be asked of it before.
            {"arn": found["TrackingServerArn"]} if status in _READY else {},
            ours=place.is_ours(tags),
            ready=status in _READY,
            note="" if status in _READY else status,
        )

    def create(self, place: Place, resource: Resource) -> None:
        place.client("sagemaker").create_mlflow_tracking_server(
            **_request(resource),
            RoleArn=place.target.roles.sagemaker,
            Tags=place.tag_list,
        )

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        place.client("sagemaker").update_mlflow_tracking_server(**_request(resource))

    def delete(self, place: Place, resource: Resource) -> None:
        sagemaker = place.client("sagemaker")
        sagemaker.delete_mlflow_tracking_server(TrackingServerName=resource.name)
        place.wait(lambda: self.read(place, resource) is None, f"{resource.key} to be deleted", SECONDS)

    def wait(self, place: Place, resource: Resource) -> None:
        def ready() -> bool:
            found = place.client("sagemaker").describe_mlflow_tracking_server(TrackingServerName=resource.name)
            if found["TrackingServerStatus"] in _FAILED:
                raise PromoteError(
                    f"{resource.key} is {found['TrackingServerStatus']}",
                    "See the server in SageMaker Studio; may its role write to the bucket?",
                )
            return found["TrackingServerStatus"] in _READY

        place.wait(ready, f"{resource.key} to be there", SECONDS)

    def cost(self, resource: Resource, prices: Prices) -> float:
        return MLFLOW_SERVER_PER_HOUR


def key(source: Source) -> str | None:
    """That of the target's managed server, where it is in the target's account and models go there; else None."""
    arn = source.target.mlflow
    prefix = source.arn("sagemaker", "mlflow-tracking-server/")
    if not source.promotion.registered_models or not arn.startswith(prefix):
        return None
    return f"{NAME}/{arn.removeprefix(prefix)}"


def _request(resource: Resource) -> dict[str, Any]:
    return {
        "TrackingServerName": resource.name,
        "ArtifactStoreUri": resource.properties["artifacts"],
        "TrackingServerSize": resource.properties["size"],
    }
