"""SageMaker: training jobs, models, endpoint configurations and endpoints; moto answers the other operations."""
