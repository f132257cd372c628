"""`python -m obsiverse_dashboards` writes what changed; `--check` only says what would, and exits with 1."""

from __future__ import annotations

import argparse

from obsiverse_dashboards import files


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="obsiverse_dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a file would change")
    options = parser.parse_args()
    changed = files.stale() if options.check else files.write()
    for path in changed:
        print(f"{'differs' if options.check else 'wrote'} grafana/{path}")
    if options.check and changed:
        print("Run `python -m obsiverse_dashboards` in grafana/ and commit what it writes.")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
