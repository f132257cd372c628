"""Seeded request replay against a SageMaker endpoint, through the AWS API."""
