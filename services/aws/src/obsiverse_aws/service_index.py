"""LocalStack's index of all service models, built ahead by a program of its own.

Building it takes 300 MB that a process never gives back, and LocalStack would do so in its first request.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path


def index_file(cache: Path) -> Path:
    """Where LocalStack looks for the index of these versions of itself and of botocore."""
    versions = (version(name).replace(".", "_") for name in ("localstack-core", "botocore"))
    return cache / f"service-catalog-{'-'.join(versions)}.dill"


def ensure(cache: Path) -> None:
    """Build the index in another process unless it is there.

    Raises subprocess.CalledProcessError.
    """
    file = index_file(cache)
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        subprocess.run([sys.executable, "-m", "obsiverse_aws.service_index", str(part)], check=True)
        part.replace(file)


def main() -> None:
    """Build the index into the file named."""
    from localstack.aws.spec import build_service_index_cache

    build_service_index_cache(sys.argv[1])


if __name__ == "__main__":
    main()
