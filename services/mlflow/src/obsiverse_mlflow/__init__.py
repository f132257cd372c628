"""MLflow's tracking server and model registry, in one process."""
