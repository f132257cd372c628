"""`python -m obsiverse_model train|serve`, as SageMaker starts a container."""

from __future__ import annotations

import os
import sys

USAGE = "usage: python -m obsiverse_model train|serve"


def main(arguments: list[str]) -> int:
    """Run one of the two commands; its exit code. Each imports only what it needs: they are separate processes."""
    if arguments == ["train"]:
        from obsiverse_model.training.train import train

        return train()
    if arguments == ["serve"]:
        # As TorchServe has it: OpenMP's threads spin between batches, and take the CPUs from the threads that serve.
        # NumPy and torch read it while they are imported.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        from obsiverse_model.serving.serve import serve

        return serve()
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
