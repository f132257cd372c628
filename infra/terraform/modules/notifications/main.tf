# SNS and CloudWatch: the topic that alerts and alarms go to, who is told, and two alarms on each endpoint.

data "aws_caller_identity" "current" {}

resource "aws_sns_topic" "alerts" {
  name = "${var.name}-alerts"
}

data "aws_iam_policy_document" "publish" {
  dynamic "statement" {
    for_each = { alarms = "cloudwatch.amazonaws.com", events = "events.amazonaws.com" }

    content {
      sid       = statement.key
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.alerts.arn]

      principals {
        type        = "Service"
        identifiers = [statement.value]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [data.aws_caller_identity.current.account_id]
      }
    }
  }

  statement {
    sid       = "alertmanager"
    actions   = ["sns:GetTopicAttributes", "sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "Service"
      identifiers = ["aps.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [var.workspace]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.publish.json
}

# By position: an address may be a secret, and keys are shown.
resource "aws_sns_topic_subscription" "this" {
  count     = length(var.notifications)
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = var.notifications[count.index].protocol
  endpoint  = var.notifications[count.index].endpoint
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each            = var.endpoints
  alarm_name          = "${var.name}-${each.key}-errors"
  alarm_description   = "${each.key} answers with server errors. Its log group says why."
  namespace           = "AWS/SageMaker"
  metric_name         = "Invocation5XXErrors"
  dimensions          = { EndpointName = each.key, VariantName = "AllTraffic" }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 2
  threshold           = 0.05
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  for_each            = var.endpoints
  alarm_name          = "${var.name}-${each.key}-latency"
  alarm_description   = "${each.key} takes more than ${each.value} ms for its slowest 1 % of requests."
  namespace           = "AWS/SageMaker"
  metric_name         = "ModelLatency"
  dimensions          = { EndpointName = each.key, VariantName = "AllTraffic" }
  extended_statistic  = "p99"
  period              = 60
  evaluation_periods  = 5
  threshold           = each.value * 1000
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}
