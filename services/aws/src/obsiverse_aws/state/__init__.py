"""The state of LocalStack's own services on disk, and its emptying by account."""
