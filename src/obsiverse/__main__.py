"""The program: it loads the command line, so that Ctrl-C ends it cleanly even while it loads."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    try:
        from obsiverse.cli import main as run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()
