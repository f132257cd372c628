"""The segments that API Gateway and Lambda send to X-Ray on AWS.

S3 and SageMaker send none there: X-Ray infers them from their callers' spans.
"""
