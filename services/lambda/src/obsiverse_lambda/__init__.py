"""An execution environment of the Python runtime of AWS Lambda."""
