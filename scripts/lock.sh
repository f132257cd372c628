#!/bin/sh
# Resolve every lock again: hashes, and no index or host names, so that any mirror serves them.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
uv=$(command -v uv || echo "$root/.uv/bin/uv")
compile() {
    "$uv" pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-emit-index-url "$@"
}
compile_project() {
    compile --no-emit-package obsiverse-client --no-emit-package obsiverse-dataplane pyproject.toml "$@"
}

compile_project --output-file requirements.lock
compile_project --group dev --output-file requirements-dev.lock
for project in services/*/pyproject.toml grafana/pyproject.toml infra/cdk/pyproject.toml; do
    cd "$root/$(dirname "$project")"
    echo "$(dirname "$project")"
    if [ "$(basename "$PWD")" = aws ]; then
        # LocalStack's last free release does not run with dependencies newer than itself.
        compile_project --exclude-newer 2026-03-05 --output-file requirements.lock
    else
        compile_project --output-file requirements.lock
    fi
done
for other in src/obsiverse/components/node tests/sdk/v* services/lookout/tests/client; do
    cd "$root/$other"
    echo "$other"
    compile requirements.in --output-file requirements.lock
done
