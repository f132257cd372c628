"""S3's objects as files."""
