"""`python scripts/promote.py plan --target stage`: the same as `obsiverse promote`, for who looks among the scripts."""

from __future__ import annotations

import sys

from obsiverse.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "promote")
    main()
