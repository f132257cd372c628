"""What acts on an account's state or holds parts of it elsewhere, ended before the account is emptied."""

# LocalStack's providers keep what is needed here under names with an underscore.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from localstack.services.plugins import Service
from localstack.utils.aws.arns import parse_arn
from localstack.utils.threads import start_worker_thread

from obsiverse_aws.state import metrics_database
from obsiverse_aws.state.keeper import Retirement
from obsiverse_aws.state.restarts import provider_of

LOG = logging.getLogger(__name__)


def retire_s3(service: Service, account: str) -> None:
    """Remove the account's objects, and its buckets' names from those that are taken."""
    from localstack.services.s3.models import s3_stores

    from obsiverse_aws.s3.provider import LastingS3

    bundle = s3_stores[account]
    buckets = [name for store in list(bundle.values()) for name in store.buckets]
    for store in list(bundle.values())[:1]:
        for name in buckets:
            store.global_bucket_map.pop(name, None)
    provider = provider_of(service)
    if isinstance(provider, LastingS3):
        provider.forget(account, buckets)


def retire_cloudwatch(service: Service, account: str) -> None:
    """Stop evaluating the account's alarms, and delete its metrics."""
    scheduler = getattr(provider_of(service), "alarm_scheduler", None)
    if scheduler is not None:
        for arn in [arn for arn in list(scheduler.scheduled_alarms) if _is_of(arn, account)]:
            scheduler.delete_scheduler_for_alarm(arn)
    metrics_database.forget(account)


def retire_events(service: Service, account: str) -> None:
    """Stop the account's rules and all else that serves its buses."""
    from localstack.services.events.scheduler import JobScheduler

    provider = provider_of(service)
    for served in list(getattr(provider, "_rule_services_store", {}).values()):
        job = getattr(served, "job_id", None)
        if job and _is_of(served.arn, account):
            JobScheduler.instance().cancel_job(job)
    for kept in (
        "_event_bus_services_store",
        "_rule_services_store",
        "_target_sender_store",
        "_archive_service_store",
        "_replay_service_store",
        "_connection_service_store",
        "_api_destination_service_store",
    ):
        _drop(getattr(provider, kept, {}), account)


def retire_lambda(service: Service, account: str) -> None:
    """Stop the account's functions and what feeds them."""
    from localstack.services.lambda_.invocation.models import lambda_stores

    provider = provider_of(service)
    for store in list(lambda_stores[account].values()):
        for mapping in store.event_source_mappings:
            if worker := provider.esm_workers.pop(mapping, None):
                worker.stop_for_shutdown()
    running = provider.lambda_service.lambda_running_versions
    starting = provider.lambda_service.lambda_starting_versions
    managers = [kept.pop(arn) for kept in (running, starting) for arn in list(kept) if _is_of(arn, account)]

    def stop(_: Any) -> None:
        for manager in managers:
            try:
                manager.stop()
            except Exception:
                # Whatever LocalStack raises: the others are to end still.
                LOG.exception("a function of account %s did not end", account)

    if managers:
        start_worker_thread(stop, name="state-retire-lambda")


def retire_stepfunctions(_service: Service, account: str) -> None:
    """Stop the account's executions."""
    from localstack.services.stepfunctions.backend.store import sfn_stores

    for store in list(sfn_stores[account].values()):
        for execution in list(store.executions.values()):
            if execution.exec_status == "RUNNING" and execution.exec_worker:
                execution.exec_worker.stop(datetime.now(UTC), None, "the account is reset")


def retire_sqs(_service: Service, account: str) -> None:
    """Let those go who wait for a message of the account's queues."""
    from localstack.services.sqs.models import sqs_stores

    for store in list(sqs_stores[account].values()):
        for queue in list(store.queues.values()):
            queue.shutdown()


def retire_apigateway(_service: Service, account: str) -> None:
    """Take the account's APIs out of service."""
    from localstack.services.apigateway.models import apigateway_stores

    for store in list(apigateway_stores[account].values()):
        for api in list(store.rest_apis):
            store.internal_deployments.pop(api, None)
            store.active_deployments.pop(api, None)


def _drop(kept: dict[str, Any], account: str) -> None:
    for key in [key for key in list(kept) if _is_of(key, account)]:
        kept.pop(key, None)


def _is_of(arn: str, account: str) -> bool:
    return parse_arn(arn)["account"] == account


RETIREMENTS: dict[str, Retirement] = {
    "apigateway": retire_apigateway,
    "cloudwatch": retire_cloudwatch,
    "events": retire_events,
    "lambda": retire_lambda,
    "s3": retire_s3,
    "sqs": retire_sqs,
    "stepfunctions": retire_stepfunctions,
}
