"""The sample application, deployed by boto3 as on AWS."""
