"""The agent: starts, watches and stops tasks. Its API is in docs/design.md; `launch` brings it up."""
