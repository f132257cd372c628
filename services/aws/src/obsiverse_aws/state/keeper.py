"""When which service's state is saved and loaded."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from localstack.services.plugins import Service

from obsiverse_aws.state.budget import Budget
from obsiverse_aws.state.containers import SHARED, Container, containers
from obsiverse_aws.state.generations import Generations, Saved

LOG = logging.getLogger(__name__)

DELAY = 1.5
"""Seconds from a change to its save, in which further changes of the service gather."""
FULL = 30.0
"""Seconds between saves of what may have changed unseen, such as an execution of a state machine."""

ALONE = frozenset({"cloudformation", "cloudwatch", "ecs", "events", "lambda", "scheduler", "sqs", "stepfunctions"})
"""Services whose state changes with no operation being called."""

Restart = Callable[[Service, bool], None]
"""What a service needs after its load and has no hook for; told whether all that was saved could be loaded."""
Retirement = Callable[[Service, str], None]
"""What a service needs before an account of it is emptied."""


@dataclass
class Running:
    """A service that is loaded, so may be saved.

    Attributes:
        used: whether it was asked anything since its last full save.
        changed: by account, when it changed first since its last save; in monotonic seconds.
    """

    service: Service
    containers: list[Container]
    used: bool = True
    changed: dict[str, float] = field(default_factory=dict[str, float])


class Keeper:
    """Saves what changed, in a thread of its own; loads a service's state before its first request.

    A service that has not been loaded is never saved, so that nothing empty comes to lie over its state.
    """

    def __init__(self, generations: Generations, restarts: dict[str, Restart]) -> None:
        self.generations = generations
        self._restarts = restarts
        self._running: dict[str, Running] = {}
        self._loaded: set[tuple[str, str]] = set()
        self._loading = threading.Lock()
        self._turn = threading.Condition()
        self._budget = Budget()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)

    def start(self) -> None:
        """Start saving."""
        self._thread.start()

    def close(self) -> None:
        """Stop saving, once all is saved."""
        with self._turn:
            self._ended = True
            self._turn.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._save_used()

    def running(self) -> list[Running]:
        """The services that are loaded."""
        return list(self._running.values())

    def changed(self, service: str, account: str) -> None:
        """Note that an account's state of a service may have changed."""
        if running := self._running.get(service):
            with self._turn:
                running.used = True
                if not running.changed:
                    self._turn.notify()
                running.changed.setdefault(account, time.monotonic())

    def used(self, service: str) -> None:
        """Note that a service was asked something, which by its name changed nothing."""
        if running := self._running.get(service):
            running.used = True

    def load(self, service: Service) -> None:
        """Put back the state of a service that has just started, and save it from now on."""
        found = containers(service)
        with self._loading:
            new = [one for one in found if (one.service, one.name) not in self._loaded]
            saved = {one: accounts for one in new if (accounts := self.generations.saved(one))}
            hooks = service.lifecycle_hook
            if saved:
                hooks.on_before_state_load()
            complete = [self.generations.load(one, account) for one, accounts in saved.items() for account in accounts]
            self._loaded |= {(one.service, one.name) for one in new}
            self._running[service.name()] = Running(service, found)
        try:
            if restart := self._restarts.get(service.name()):
                restart(service, all(complete))
            if saved:
                hooks.on_after_state_load()
        except Exception:
            # Whatever a provider raises: its state is there, though what acts on it may not be.
            LOG.exception("%s has its state, and does not act on all of it", service.name())

    def save_now(self, service: str, account: str) -> None:
        """Save an account's state of a service that is loaded before returning.

        Raises what Generations.save raises.
        """
        if running := self._running.get(service):
            for container in running.containers:
                self.generations.save(container, account)
                self.generations.save(container, SHARED)

    def forget(self, account: str, retirements: dict[str, Retirement]) -> list[str]:
        """Empty all services of an account, and remove its files; the services that are loaded."""
        with self._loading, self.generations.held():
            for running in self.running():
                name = running.service.name()
                try:
                    if retire := retirements.get(name):
                        retire(running.service, account)
                except Exception:
                    # Whatever a provider raises: what is left acts on nothing, and the rest is to be emptied.
                    LOG.exception("what acts for account %s in %s did not end", account, name)
                for container in running.containers:
                    container.forget(account)
                    self._save_one(container, SHARED)
            self.generations.remove(account)
        return sorted(running.service.name() for running in self.running())

    def _run(self) -> None:
        full = time.monotonic() + FULL
        while not self._ended:
            if time.monotonic() >= full:
                self._save_used()
                full = time.monotonic() + FULL
            else:
                self._save_due()
            self._wait(full)

    def _save_used(self) -> None:
        for running in self.running():
            if running.used or running.service.name() in ALONE:
                running.used = False
                accounts = {account for container in running.containers for account in container.accounts}
                self._save(running, sorted(accounts))
                # What changed meanwhile does not wait for the last of the services.
                self._save_due()

    def _save_due(self) -> None:
        latest = time.monotonic() - DELAY
        for running in self.running():
            with self._turn:
                due = [account for account, since in running.changed.items() if since <= latest]
                for account in due:
                    del running.changed[account]
            if due:
                self._save(running, [*due, SHARED])

    def _wait(self, until: float) -> None:
        with self._turn:
            changes = [since for running in self.running() for since in running.changed.values()]
            due = min([until, *(since + DELAY for since in changes)])
            if not self._ended:
                self._turn.wait(max(0.0, due - time.monotonic()))

    def _save(self, running: Running, accounts: list[str]) -> None:
        began, size, stalled = time.perf_counter(), 0, 0.0
        self._call(running.service.lifecycle_hook.on_before_state_save)
        for container in running.containers:
            for account in accounts:
                saved = self._save_one(container, account)
                size, stalled = size + saved.size, stalled + saved.seconds
                self._budget.spend(saved.seconds, self._sleep)
        self._call(running.service.lifecycle_hook.on_after_state_save)
        if size:
            seconds = time.perf_counter() - began
            LOG.debug("saved %s: %d bytes, %.3f s, %.3f s of it alone", running.service.name(), size, seconds, stalled)

    @staticmethod
    def _call(hook: Callable[[], None]) -> None:
        try:
            hook()
        except Exception:
            # Whatever a provider raises: its state is saved as it is.
            LOG.exception("a provider was not ready to be saved")

    def _save_one(self, container: Container, account: str) -> Saved:
        try:
            return self.generations.save(container, account)
        except Exception:
            # Whatever pickling raises: others are saved still, and this one's last generation stays.
            LOG.exception(
                "the state of %s (%s) in account %s can't be saved", container.service, container.name, account
            )
            return Saved(0.0, 0)

    def _sleep(self, seconds: float) -> None:
        with self._turn:
            if not self._ended:
                self._turn.wait(seconds)
