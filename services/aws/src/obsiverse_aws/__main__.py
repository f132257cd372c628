"""The edge's program: LocalStack in this process, under the environment that fits it to this platform."""

from __future__ import annotations

import os
import shutil
import tempfile

from obsiverse_aws import service_index
from obsiverse_aws.settings import Settings, settings


def main() -> None:
    """Serve until asked to end."""
    chosen = settings()
    os.environ |= localstack_environment(chosen)
    # LocalStack deletes what it finds in its folder for temporary files, so that is no one else's, and one that was killed
    # leaves the objects of S3 there. Not by TMPDIR, of which LocalStack warns.
    temporary = chosen.data / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    tempfile.tempdir = str(temporary)
    service_index.ensure(chosen.data / "localstack" / "var" / "lib" / "localstack" / "cache")

    from localstack.runtime.main import main as serve

    serve()


def localstack_environment(chosen: Settings) -> dict[str, str]:
    """The variables that LocalStack reads."""
    return {
        "GATEWAY_LISTEN": chosen.listen,
        "FILESYSTEM_ROOT": str(chosen.data / "localstack"),
        # Without it LocalStack looks for /.dockerenv and then writes outside of its folder.
        "OVERRIDE_IN_DOCKER": "0",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "DNS_ADDRESS": "0",
        "EAGER_SERVICE_LOADING": "0",
        "LAMBDA_RUNTIME_EXECUTOR": "obsiverse",
        "PROVIDER_OVERRIDE_IAM": "obsiverse",
        # moto's session tokens are one for all, and of nobody.
        "PROVIDER_OVERRIDE_STS": "obsiverse",
        # So that what LocalStack has in files, such as CloudWatch's metrics, is not among its temporary ones.
        "PERSISTENCE": "1" if chosen.lasting else "0",
    }


if __name__ == "__main__":
    main()
