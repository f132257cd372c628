# Once its policy is there: who needs the topic needs that too.
output "topic" {
  value      = aws_sns_topic.alerts.arn
  depends_on = [aws_sns_topic_policy.alerts]
}

output "alarms" {
  description = "Names of each endpoint's alarms."
  value = {
    for name in keys(var.endpoints) : name => [
      aws_cloudwatch_metric_alarm.errors[name].alarm_name,
      aws_cloudwatch_metric_alarm.latency[name].alarm_name,
    ]
  }
}
