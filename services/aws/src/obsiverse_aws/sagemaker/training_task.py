"""A training job as a task: the files of /opt/ml/input/config and what is asked of the agent.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from __future__ import annotations

from typing import Any

from obsiverse_aws.sagemaker.models import TrainingJob
from obsiverse_aws.tasks import credentials, labels

HOST = "algo-1"
# A training container answers no /ping, so the check that the template has for one that serves is replaced.
NO_CHECK = {"test": ["NONE"]}


def input_files(job: TrainingJob) -> dict[str, Any]:
    """Path under /opt/ml/input to JSON."""
    algorithm = job.definition["AlgorithmSpecification"]
    instance_type = job.definition.get("ResourceConfig", {}).get("InstanceType", "ml.m5.large")
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": [HOST]}
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", algorithm["TrainingInputMode"]),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
        for channel in job.definition.get("InputDataConfig", [])
    }
    return {
        "config/hyperparameters.json": job.definition.get("HyperParameters", {}),
        "config/inputdataconfig.json": channels,
        "config/resourceconfig.json": {
            "current_host": HOST,
            "current_instance_type": instance_type,
            "current_group_name": group["instance_group_name"],
            "hosts": [HOST],
            "instance_groups": [group],
            "network_interface_name": "lo",
        },
    }


def request(template: str, job: TrainingJob) -> dict[str, Any]:
    """What is put to the agent."""
    return {
        "template": template,
        "args": ["train"],
        "env": {
            **job.definition.get("Environment", {}),
            **credentials(job.account, job.region),
            "SAGEMAKER_REGION": job.region,
            "TRAINING_JOB_NAME": job.name,
            "TRAINING_JOB_ARN": job.arn,
        },
        "labels": labels(job),
        "health": NO_CHECK,
        "restart": {"policy": "no"},
    }
