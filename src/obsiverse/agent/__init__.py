"""The agent: the only part of obsiverse that starts, watches and stops tasks."""
