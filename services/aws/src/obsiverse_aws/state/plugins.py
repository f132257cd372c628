"""What LocalStack finds by entry points: when state is loaded and saved, the S3 whose objects stay, and the reset's route."""

from __future__ import annotations

import logging
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from localstack import config
from localstack.runtime import hooks
from localstack.services.plugins import SERVICE_PLUGINS, Service, ServiceContainer, ServiceState, aws_provider

from obsiverse_aws.settings import settings

if TYPE_CHECKING:
    from obsiverse_aws.state.keeper import Keeper
    from obsiverse_aws.state.reset import Resets

LOG = logging.getLogger(__name__)

FIRST = 1000
"""Before anything that calls a service."""
LAST = 50
"""After what acts in the name of our own services has ended, and before LocalStack ends its own."""


@cache
def keeper() -> Keeper:
    """The one of this process."""
    from obsiverse_aws.state.generations import Generations
    from obsiverse_aws.state.keeper import Keeper
    from obsiverse_aws.state.restarts import RESTARTS

    return Keeper(Generations(settings().data / "state"), RESTARTS)


@cache
def resets() -> Resets:
    """The one of this process."""
    from obsiverse_aws.state.reset import Resets

    return Resets(keeper())


@aws_provider(api="s3", name="lasting")
def s3() -> Service:
    """S3, with its objects in the data folder."""
    from obsiverse_aws.s3.object_store import ObjectStore
    from obsiverse_aws.s3.provider import LastingS3

    objects = ObjectStore(settings().data / "s3")
    return Service.for_provider(LastingS3(objects, lambda account: keeper().save_now("s3", account)))


@hooks.on_infra_start(priority=FIRST, should_load=lambda: settings().lasting)
def keep_state() -> None:
    """Load each service's state when it starts, and save what changes from now on."""
    from localstack.aws.handlers import run_custom_finalizers
    from localstack.utils.patch import patch

    from obsiverse_aws.state.metrics_database import discard_unfinished
    from obsiverse_aws.state.operations import ChangeSeen

    discard_unfinished()
    config.SERVICE_PROVIDER_CONFIG.set_provider("s3", "lasting")

    @patch(ServiceContainer.start)
    def start(fn: Any, self: ServiceContainer) -> bool:  # pyright: ignore[reportUnusedFunction]
        # Whoever asks for the service waits for this to return.
        if not fn(self):
            return False
        try:
            keeper().load(self.service)
        except Exception as error:
            # Better no answer than one that knows of nothing, and is then saved.
            LOG.exception("the state of %s is not loaded, so it answers nothing", self.service.name())
            self.state = ServiceState.ERROR
            self.errors.append(error)
            return False
        return True

    run_custom_finalizers.append(ChangeSeen(keeper()))
    keeper().start()


@hooks.on_infra_start(should_load=lambda: settings().lasting)
def route_reset() -> None:
    """Offer the reset of an account."""
    from localstack.services.edge import ROUTER

    from obsiverse_aws.state.reset import PATH, reset_route

    ROUTER.add(PATH, reset_route(resets()), methods=["POST"])


@hooks.on_infra_ready(should_load=lambda: settings().lasting)
def load_what_was_saved() -> None:
    """Start the services that have state, since some act by themselves: an alarm is evaluated with nobody asking."""

    def load() -> None:
        for name in sorted(keeper().generations.services(), key=lambda one: (one not in {"iam", "s3"}, one)):
            try:
                if SERVICE_PLUGINS.exists(name):
                    SERVICE_PLUGINS.require(name)
            except Exception:
                # Whatever a provider raises: the others are to start still, and this one says so when it is asked.
                LOG.exception("%s did not start", name)

    threading.Thread(target=load, name="state-load", daemon=True).start()


@hooks.on_infra_shutdown(priority=LAST, should_load=lambda: settings().lasting)
def save_all() -> None:
    """Save all, while the services still have it."""
    keeper().close()
