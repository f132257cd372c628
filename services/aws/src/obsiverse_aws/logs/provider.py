"""CloudWatch Logs: LocalStack's provider for groups, tags, policies and filters, the data plane for streams and events."""

from __future__ import annotations

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, handler
from localstack.services.logs.models import get_moto_logs_backend
from localstack.services.logs.provider import LogsProvider
from localstack.services.moto import call_moto

from obsiverse_aws.logs import live_tail
from obsiverse_aws.logs.data_plane import DataPlane
from obsiverse_aws.logs.filter_follower import FilterFollower


class ObsiverseLogs(LogsProvider):
    """CloudWatch Logs. moto holds no stream and no event."""

    def __init__(self, data_plane: DataPlane, follower: FilterFollower) -> None:
        super().__init__()
        self._data_plane = data_plane
        self._follower = follower

    def on_before_stop(self) -> None:
        """Look for events no more."""
        self._follower.close()

    def _forward(self, context: RequestContext, request: Any) -> Any:
        assert context.operation is not None
        operation: Any = context.operation.name
        return self._data_plane.call(context.account_id, context.region, operation, request)

    @handler("CreateLogGroup", expand=False)
    def create_log_group(self, context: RequestContext, request: Any) -> None:
        """Make a group here and there."""
        name = request["logGroupName"]
        super().create_log_group(context, name, tags=request.get("tags"))
        try:
            self._forward(context, {"logGroupName": name})
        except CommonServiceException as error:
            # An edge that was killed before it saved may have forgotten the group that is there.
            if error.code != "ResourceAlreadyExistsException":
                get_moto_logs_backend(context.account_id, context.region).groups.pop(name, None)
                raise

    @handler("DeleteLogGroup", expand=False)
    def delete_log_group(self, context: RequestContext, request: Any) -> None:
        """Delete a group there, with its events, and here."""
        try:
            self._forward(context, request)
        except CommonServiceException as error:
            if error.code != "ResourceNotFoundException":
                raise
        call_moto(context)

    @handler("PutRetentionPolicy", expand=False)
    def put_retention_policy(self, context: RequestContext, request: Any) -> None:
        """Keep it here, to be described, and there, to be heeded."""
        call_moto(context)
        self._forward(context, request)

    @handler("DeleteRetentionPolicy", expand=False)
    def delete_retention_policy(self, context: RequestContext, request: Any) -> None:
        """See `put_retention_policy`."""
        call_moto(context)
        self._forward(context, request)

    @handler("PutLogEvents", expand=False)
    def put_log_events(self, context: RequestContext, request: Any) -> Any:
        """Have events kept; filters look at them where they are kept."""
        return self._forward(context, request)

    @handler("PutMetricFilter", expand=False)
    def put_metric_filter(self, context: RequestContext, request: Any) -> None:
        """Keep it here, for what comes from now on."""
        self._follower.begin(context.account_id, context.region, request["logGroupName"])
        call_moto(context)

    @handler("PutSubscriptionFilter", expand=False)
    def put_subscription_filter(self, context: RequestContext, request: Any) -> None:
        """See `put_metric_filter`."""
        self._follower.begin(context.account_id, context.region, request["logGroupName"])
        call_moto(context)

    @handler("StartLiveTail", expand=False)
    def start_live_tail(self, context: RequestContext, request: Any) -> Any:
        """A stream of what comes."""
        return {"responseStream": live_tail.start(self._data_plane, context.account_id, context.region, request)}

    @handler("CreateLogStream", expand=False)
    def create_log_stream(self, context: RequestContext, request: Any) -> None:
        """Forwarded."""
        self._forward(context, request)

    @handler("DeleteLogStream", expand=False)
    def delete_log_stream(self, context: RequestContext, request: Any) -> None:
        """Forwarded."""
        self._forward(context, request)

    @handler("DescribeLogStreams", expand=False)
    def describe_log_streams(self, context: RequestContext, request: Any) -> Any:
        """Forwarded."""
        return self._forward(context, request)

    @handler("GetLogEvents", expand=False)
    def get_log_events(self, context: RequestContext, request: Any) -> Any:
        """Forwarded."""
        return self._forward(context, request)

    @handler("FilterLogEvents", expand=False)
    def filter_log_events(self, context: RequestContext, request: Any) -> Any:
        """Forwarded."""
        return self._forward(context, request)

    @handler("TestMetricFilter", expand=False)
    def test_metric_filter(self, context: RequestContext, request: Any) -> Any:
        """Forwarded."""
        return self._forward(context, request)

    @handler("StartQuery", expand=False)
    def start_query(self, context: RequestContext, request: Any) -> Any:
        """Forwarded."""
        return self._forward(context, request)

    @handler("GetQueryResults", expand=False)
    def get_query_results(self, context: RequestContext, request: Any) -> Any:
        """Forwarded."""
        return self._forward(context, request)

    @handler("StopQuery", expand=False)
    def stop_query(self, context: RequestContext, request: Any) -> Any:
        """Forwarded."""
        return self._forward(context, request)

    @handler("DescribeQueries", expand=False)
    def describe_queries(self, context: RequestContext, request: Any) -> Any:
        """Forwarded."""
        return self._forward(context, request)
