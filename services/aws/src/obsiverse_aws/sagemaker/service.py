"""SageMaker's parts, put together once in a process."""

from __future__ import annotations

from functools import cache

from obsiverse_client import AgentClient

from obsiverse_aws.accounts import Accounts
from obsiverse_aws.agent import Agent
from obsiverse_aws.sagemaker.artifacts import ModelArchives
from obsiverse_aws.sagemaker.controller import Controller
from obsiverse_aws.sagemaker.deployment import Deployer
from obsiverse_aws.sagemaker.endpoint import Endpoints
from obsiverse_aws.sagemaker.endpoint_config import EndpointConfigs
from obsiverse_aws.sagemaker.instances import Instances
from obsiverse_aws.sagemaker.model import Models
from obsiverse_aws.sagemaker.model_package import describe_package
from obsiverse_aws.sagemaker.multi_model import MultiModel
from obsiverse_aws.sagemaker.resources import Resources
from obsiverse_aws.sagemaker.routes import Routes
from obsiverse_aws.sagemaker.tags import Tags
from obsiverse_aws.sagemaker.task_logs import TaskLogs
from obsiverse_aws.sagemaker.training_job import TrainingJobs
from obsiverse_aws.sagemaker.training_run import TrainingRuns
from obsiverse_aws.sagemaker.transitions import Transitions
from obsiverse_aws.sagemaker.utilization import Utilization
from obsiverse_aws.sagemaker.variants import Variants
from obsiverse_aws.settings import Settings, settings
from obsiverse_aws.store import Store


class SageMaker:
    """The operations by resource, and what runs behind them."""

    def __init__(self, chosen: Settings) -> None:
        store = Store(chosen.data / "sagemaker.db")
        self.accounts = Accounts(store)
        client, agent = AgentClient(chosen.agent), Agent(chosen.agent)
        logs = TaskLogs(client)
        archives = ModelArchives(chosen.data / "models")
        routes = Routes(chosen.endpoints)
        runs = TrainingRuns(store, client, logs)
        instances = Instances(client, archives, logs)
        deployer = Deployer(store, client, instances, archives, routes, lambda one: not self.accounts.is_instant(one))
        resources = Resources(store)
        transitions = Transitions(store, deployer, self.accounts)
        self.models = Models(resources, describe_package)
        self.endpoint_configs = EndpointConfigs(resources)
        self.endpoints = Endpoints(resources, agent, Variants(resources, describe_package), transitions.begin)
        self.multi_model = MultiModel(store, client, archives)
        self.training_jobs = TrainingJobs(resources, agent, runs)
        self.tags = Tags(resources)
        self.utilization = Utilization(store, client, chosen.data)
        self.controller = Controller(store, client, deployer, runs, routes, archives)


@cache
def sagemaker() -> SageMaker:
    """The one of this process."""
    return SageMaker(settings())
