"""obsiverse: a local-first observability sandbox for machine learning on AWS."""

__version__ = "0.1.0"
