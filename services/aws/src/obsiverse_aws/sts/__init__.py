"""STS: LocalStack's, with session tokens that are someone's."""
