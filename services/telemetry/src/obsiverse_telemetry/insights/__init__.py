"""CloudWatch Logs Insights: queries over log events, compiled to SQL for DuckDB.

What is taken: fields, display, filter, parse (glob and regular expression), stats … by, sort, limit, dedup, and the functions of
`expression.py`. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""
