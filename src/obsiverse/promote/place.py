"""A target as promotion talks to it: its clients, whose account they are, and waiting."""

from __future__ import annotations

import functools
import importlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from obsiverse.promote.errors import NotInTime, PromoteError, WrongAccount
from obsiverse.targets import Target
from obsiverse.targets.models import Promotion

if TYPE_CHECKING:
    from obsiverse.promote.grafana import Grafana

ATTEMPTS = 8
"""Of one request: throttling, errors of the server and broken connections are tried again, with growing pauses and jitter."""
FIRST_ATTEMPTS = 3
"""Of the very first one: a target that is not there is said to be so at once."""
CONNECT_SECONDS, READ_SECONDS = 5, 60
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


class Place:
    """A target's APIs. A context manager: at its end what was made to talk to Grafana is deleted.

    No client is handed out before GetCallerIdentity has named the target's account.

    Args:
        target: where.
        origin: this machine, where what is copied comes from; itself where none is given.
        prepare: called with each new boto3 client, before it is used.
    """

    def __init__(
        self, target: Target, origin: Place | None = None, prepare: Callable[[Any], None] | None = None
    ) -> None:
        self.target = target
        self.origin = origin or self
        self._prepare = prepare
        self._lock = threading.RLock()
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._grafana: dict[str, Grafana] = {}
        self._checked = False
        self._interrupted = threading.Event()

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            left = list(self._grafana)
            try:
                while left:
                    self.forget_grafana(left.pop())
            except Exception as failure:
                problem = PromoteError(
                    f"the service account of this promotion could not be deleted from its Grafana workspace: {failure}",
                    "Its token ends by itself within half an hour, and the next promotion deletes the account.",
                )
                if error is None:
                    raise problem from failure
                error.add_note(problem.message)

    def interrupt(self) -> None:
        """Have all that waits give up: somebody wants the program's end."""
        self._interrupted.set()

    @property
    def promotion(self) -> Promotion:
        """What is brought there."""
        return self.target.promote or Promotion()

    @property
    def account(self) -> str:
        """The account's twelve digits."""
        return self.target.account

    @property
    def region(self) -> str:
        """The region."""
        return self.target.region

    @property
    def tags(self) -> dict[str, str]:
        """What marks a resource as made by promotion."""
        return {"obsiverse:promoted": self.promotion.name}

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """`tags` as most of AWS's APIs take them."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    def is_ours(self, tags: Mapping[str, str] | Sequence[Mapping[str, str]]) -> bool:
        """Whether tags, as an API tells them, are those of a promotion to here."""
        found = tags if isinstance(tags, Mapping) else {tag["Key"]: tag["Value"] for tag in tags}
        return self.tags.items() <= found.items()

    def arn(self, service: str, resource: str) -> str:
        """An ARN of the target's account and region."""
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.account}:{resource}"

    def client(self, service: str) -> Any:
        """A boto3 client.

        Raises:
            WrongAccount: the credentials are another account's.
        """
        with self._lock:
            if not self._checked and service != "sts":
                self.identity()
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    def identity(self) -> str:
        """The ARN that requests are made as. Raises WrongAccount."""
        found = self.client("sts").get_caller_identity()
        if found["Account"] != self.account:
            raise WrongAccount(
                f"the credentials are of account {found['Account']}, and target {self.target.name} is {self.account}:"
                " nothing was done",
                "Choose the target's credentials (AWS_PROFILE, or credentials in its file), or correct `account` there.",
            )
        self._checked = True
        return str(found["Arn"])

    def offers(self, service: str) -> bool:
        """Whether AWS has a service in the target's region, as far as boto3 knows; always, where the target says where it is."""
        if self.target.endpoints.aws:
            return True
        regions: list[str] = self._boto3().get_available_regions(service)
        return not regions or self.region in regions

    def grafana(self, workspace: str) -> Grafana:
        """The HTTP API of a workspace, through a service account that is there for as long as this place is open."""
        # Like boto3 below: what brings an HTTP client along is loaded by who uses it.
        from obsiverse.promote.grafana import Grafana

        with self._lock:
            if workspace not in self._grafana:
                self._grafana[workspace] = Grafana.open(self.client("grafana"), workspace, self.target)
            return self._grafana[workspace]

    def forget_grafana(self, workspace: str) -> None:
        """Delete the service account of a workspace, before the workspace goes."""
        with self._lock:
            if workspace in self._grafana:
                self._grafana.pop(workspace).close()

    def credentials(self) -> Any:
        """botocore's credentials, for requests that boto3 has no client for."""
        self.client("s3")
        found = self._boto3().get_credentials()
        if found is None:
            raise PromoteError(f"there are no credentials for {self.target.name}", "See `aws configure list`.")
        return found.get_frozen_credentials()

    def wait(self, probe: Callable[[], bool], what: str, seconds: float, hint: str = "") -> None:
        """Ask until it is so, with growing pauses. Raises NotInTime after `seconds`."""
        deadline, pause = time.monotonic() + seconds, _FIRST_PAUSE
        while not probe():
            if time.monotonic() > deadline:
                raise NotInTime(f"{what}: not within {seconds:.0f} s", hint or "Apply again: it goes on from here.")
            if self._interrupted.wait(pause):
                raise PromoteError(f"{what}: nobody waits for it any more", "Apply again: it goes on from here.")
            pause = min(pause * 1.4, _LONGEST_PAUSE)

    def _make(self, service: str) -> Any:
        # boto3 takes a quarter of a second to import: only commands that need it wait for it.
        config = importlib.import_module("botocore.config").Config(
            retries={"mode": "standard", "total_max_attempts": FIRST_ATTEMPTS if service == "sts" else ATTEMPTS},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=16,
            user_agent_extra="obsiverse-promote",
            # The shell's AWS_ENDPOINT_URL is this machine's as a rule.
            ignore_configured_endpoint_urls=True,
        )
        addresses = {"sagemaker-runtime": self.target.endpoints.sagemaker_runtime}
        url = addresses.get(service) or self.target.endpoints.aws
        client = self._boto3().client(service, region_name=self.region, endpoint_url=url, config=config)
        if self._prepare:
            self._prepare(client)
        return client

    def _boto3(self) -> Any:
        with self._lock:
            if self._session is None:
                given = self.target.credentials
                keys = {"aws_access_key_id": self.account, "aws_secret_access_key": "test"}
                arguments = {
                    "emulated": keys,
                    "profile": {"profile_name": given.profile},
                    "environment": dict[str, str](),
                }[given.source]
                core = importlib.import_module("botocore.session").Session()
                core.register_component("data_loader", _loader())
                make = importlib.import_module("boto3").Session
                self._session = make(region_name=self.region, botocore_session=core, **arguments)
            return self._session


@functools.cache
def _loader() -> Any:
    """botocore's descriptions of the services, read once for this machine and the target: they are megabytes of JSON."""
    return importlib.import_module("botocore.loaders").create_loader()


def partition(region: str) -> str:
    """The partition of ARNs in a region."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
