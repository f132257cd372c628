"""What the data planes share: who calls, errors as AWS gives them, and SQLite files."""
