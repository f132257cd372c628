# X-Ray with Transaction Search: spans go to CloudWatch Logs, without which the OTLP endpoint takes none. An account has one destination and
# one indexing rule in each region: they are changed, never made, and stay as they are when this is destroyed.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  place = "${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}"
  logs  = "arn:${data.aws_partition.current.partition}:logs:${local.place}:log-group"
}

data "aws_iam_policy_document" "spans" {
  statement {
    sid       = "TransactionSearchXRayAccess"
    actions   = ["logs:PutLogEvents"]
    resources = ["${local.logs}:aws/spans:*", "${local.logs}:/aws/application-signals/data:*"]

    principals {
      type        = "Service"
      identifiers = ["xray.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:xray:${local.place}:*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "spans" {
  policy_name     = "${var.name}-transaction-search"
  policy_document = data.aws_iam_policy_document.spans.json
}

resource "aws_xray_trace_segment_destination" "this" {
  destination = "CloudWatchLogs"
  depends_on  = [aws_cloudwatch_log_resource_policy.spans]
}

resource "aws_xray_indexing_rule" "this" {
  name = "Default"

  rule {
    probabilistic {
      desired_sampling_percentage = var.indexing_percent
    }
  }

  depends_on = [aws_xray_trace_segment_destination.this]
}

resource "aws_xray_group" "this" {
  for_each          = var.groups
  group_name        = each.key
  filter_expression = each.value
}
