"""Queries of data sources, and the data frames they come to."""
