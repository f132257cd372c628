"""What tasks write, handed on in batches while they run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError
from localstack.aws.api import CommonServiceException
from obsiverse_client import AgentClient, AgentError, AgentUnreachable

from obsiverse_aws.clients import Clients

_log = logging.getLogger(__name__)
Line = tuple[float, str]
Sink = Callable[[list[Line]], None]
Read = Callable[[float | None], Iterator[Line]]
BATCH_SECONDS = 1.0
# Lines of a task that are kept while CloudWatch Logs does not answer.
MAX_WAITING = 50_000
SERVER_ERROR = 500
# PutLogEvents takes at most 10,000 events, and 1 MiB with 26 bytes of overhead each.
MAX_EVENTS, MAX_BYTES, EVENT_OVERHEAD = 10_000, 1 << 20, 26
LONGEST_MESSAGE = 256 * 1024 - EVENT_OVERHEAD


@dataclass
class _Followed:
    sink: Sink
    read: Read
    lines: list[Line] = field(default_factory=list)
    ended: bool = False
    drained: threading.Event = field(default_factory=threading.Event)


class TaskLogs:
    """Follows the logs of tasks: a thread that reads for each, and one that hands on for all."""

    def __init__(self, agent: AgentClient) -> None:
        self._agent = agent
        self._followed: dict[str, _Followed] = {}
        self._news = threading.Condition()
        threading.Thread(target=self._hand_on, name="task-logs", daemon=True).start()

    def follow(self, task: str, sink: Callable[[], Sink], since: float | None = None, read: Read | None = None) -> None:
        """Hand a task's lines on until it ends for good; nothing happens where it is followed already.

        Args:
            sink: makes what takes the batches.
            since: Unix seconds, to begin later than at the first line.
            read: what gives the lines since a time, where `task` is not the agent's.
        """

        def lines_of_task(since: float | None) -> Iterator[Line]:
            return self._agent.logs(task, follow=True, since=since)

        with self._news:
            if task in self._followed:
                return
            followed = self._followed[task] = _Followed(sink(), read or lines_of_task)
        threading.Thread(target=self._read, args=(task, followed, since), name=f"log-{task}", daemon=True).start()

    def follows(self, task: str) -> bool:
        """Whether a task is followed."""
        with self._news:
            return task in self._followed

    def drain(self, task: str, timeout: float) -> None:
        """Wait until a task that ended has had all its lines handed on, or the timeout in seconds is over."""
        with self._news:
            followed = self._followed.get(task)
        if followed is not None and not followed.drained.wait(timeout):
            _log.warning("the last lines of %s are late", task)

    def _read(self, task: str, followed: _Followed, since: float | None) -> None:
        while True:
            try:
                for at, line in followed.read(since):
                    since = at
                    with self._news:
                        followed.lines.append((at, line))
                        self._news.notify()
                break
            except AgentUnreachable:
                # The agent is being started again; the client has waited a while already.
                time.sleep(BATCH_SECONDS)
            except AgentError:
                break
        with self._news:
            followed.ended = True
            self._news.notify()

    def _hand_on(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: any(one.lines or one.ended for one in self._followed.values()))
                if not any(one.ended for one in self._followed.values()):
                    # Lines come in bursts; a call for each would be many.
                    self._news.wait_for(lambda: any(one.ended for one in self._followed.values()), BATCH_SECONDS)
                batches = [(one, one.lines) for one in self._followed.values() if one.lines]
                for one, _ in batches:
                    one.lines = []
                over = [task for task, one in self._followed.items() if one.ended]
                ended = [self._followed.pop(task) for task in over]
            for one, lines in batches:
                self._give(one, lines)
            for one in ended:
                one.drained.set()

    def _give(self, one: _Followed, lines: list[Line]) -> None:
        try:
            one.sink(lines)
        except (ClientError, BotoCoreError, CommonServiceException) as error:
            with self._news:
                if _is_passing(error) and not one.ended and len(one.lines) + len(lines) <= MAX_WAITING:
                    one.lines = [*lines, *one.lines]
                    return
            _log.warning("%d log lines are lost: %s", len(lines), error)


def _is_passing(error: Exception) -> bool:
    """Whether CloudWatch Logs may take the same lines later."""
    if isinstance(error, CommonServiceException):
        return error.status_code >= SERVER_ERROR
    if isinstance(error, ClientError):
        return error.response["ResponseMetadata"]["HTTPStatusCode"] >= SERVER_ERROR
    return True


class LogStream:
    """A stream of CloudWatch Logs, made with its group where it is missing.

    Calling it puts lines: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
    """

    def __init__(self, account: str, region: str, group: str, stream: str) -> None:
        self._logs = Clients(account, region).logs
        self._group, self._stream = group, stream
        self._made = False

    def __call__(self, lines: list[Line]) -> None:
        if not self._made:
            self._make()
        batch: list[dict[str, object]] = []
        size = 0
        for at, line in lines:
            # An event has no empty message, and no more than 256 KiB.
            message = line.encode()[:LONGEST_MESSAGE].decode(errors="ignore") or " "
            cost = len(message.encode()) + EVENT_OVERHEAD
            if len(batch) == MAX_EVENTS or size + cost > MAX_BYTES:
                self._put(batch)
                batch, size = [], 0
            batch.append({"timestamp": int(at * 1000), "message": message})
            size += cost
        self._put(batch)

    def _put(self, batch: list[dict[str, object]]) -> None:
        self._logs.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=batch)

    def _make(self) -> None:
        for make, names in (
            (self._logs.create_log_group, {"logGroupName": self._group}),
            (self._logs.create_log_stream, {"logGroupName": self._group, "logStreamName": self._stream}),
        ):
            try:
                make(**names)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                    raise
        self._made = True
