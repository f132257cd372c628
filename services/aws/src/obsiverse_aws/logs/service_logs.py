"""What the platform's own services print, in CloudWatch Logs of its account: a stream for each in one group."""

from __future__ import annotations

import logging
import threading
from functools import partial

from localstack.aws.api import CommonServiceException
from obsiverse_client import AgentClient, AgentError, AgentUnreachable

from obsiverse_aws.logs.data_plane import DataPlane
from obsiverse_aws.sagemaker.task_logs import Line, LogStream, Read, TaskLogs

LOG = logging.getLogger(__name__)
GROUP = "/obsiverse/services"
LOOK_SECONDS = 5.0
RETENTION_DAYS = 7


class ServiceLogs:
    """Follows all services, also those that start later, from where the log ended when this process began."""

    def __init__(self, agent: AgentClient, data_plane: DataPlane, account: str, region: str) -> None:
        self._agent = agent
        self._logs = TaskLogs(agent)
        self._data_plane = data_plane
        self._account, self._region = account, region
        self._closed = threading.Event()

    def start(self) -> None:
        """Begin, in a thread of its own."""
        threading.Thread(target=self._look, name="service-logs", daemon=True).start()

    def close(self) -> None:
        """Look for services no more."""
        self._closed.set()

    def _look(self) -> None:
        while True:
            try:
                for service in self._agent.services():
                    self._follow(service)
            except (AgentUnreachable, AgentError, CommonServiceException) as error:
                LOG.info("services' logs wait: %s", error)
            if self._closed.wait(LOOK_SECONDS):
                return

    def _follow(self, service: str) -> None:
        if self._logs.follows(service):
            return
        since = self._last(service)
        stream = _ServiceStream(self._data_plane, self._account, self._region, service, since)
        self._logs.follow(service, lambda: stream, since or None, self._read(service))

    def _read(self, service: str) -> Read:
        return lambda since: self._agent.service_logs(service, since=since)

    def _last(self, service: str) -> float:
        """When the newest line that is kept was printed, in Unix seconds; 0 where there is none."""
        asked = {"logGroupName": GROUP, "logStreamNamePrefix": service}
        try:
            found = self._data_plane.call(self._account, self._region, "DescribeLogStreams", asked)["logStreams"]
        except CommonServiceException as error:
            if error.code != "ResourceNotFoundException":
                raise
            return 0.0
        ends = [one.get("lastEventTimestamp", 0) for one in found if one["logStreamName"] == service]
        return max(ends, default=0) / 1000


class _ServiceStream(LogStream):
    """Puts straight to the data plane: the edge prints a line for each call it is sent, which would be put again."""

    def __init__(self, data_plane: DataPlane, account: str, region: str, service: str, last: float) -> None:
        super().__init__(account, region, GROUP, service)
        self._put_events = partial(data_plane.call, account, region, "PutLogEvents")
        self._last = last

    def __call__(self, lines: list[Line]) -> None:
        # What is read since a time begins up to a second before it.
        super().__call__([line for line in lines if line[0] > self._last])

    def _make(self) -> None:
        super()._make()
        self._logs.put_retention_policy(logGroupName=self._group, retentionInDays=RETENTION_DAYS)

    def _put(self, batch: list[dict[str, object]]) -> None:
        if not batch:
            return
        asked = {"logGroupName": self._group, "logStreamName": self._stream, "logEvents": batch}
        try:
            self._put_events(asked)
        except CommonServiceException as error:
            if error.code != "ResourceNotFoundException":
                raise
            # The account was reset.
            self._make()
            self._put_events(asked)
