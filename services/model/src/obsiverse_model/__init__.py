"""The model container: SageMaker's `train` and `serve` contract for torch and scikit-learn."""
