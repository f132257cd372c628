"""The edge: LocalStack with providers of our own."""
